"""Where the packages are; everything else is in setup.cfg."""

from setuptools import find_packages, setup

setup(packages=[*find_packages("daemon"), *find_packages("schema")])
