"""The service: a scheduler with its jobs, signals, the watchdog, and systemd, which nothing else knows.

``daemon`` is the whole story: signals are flags, one loop acts on them, and health is earned by work. Nothing is
imported here: commands that only speak to a running service need ``reload`` alone.
"""
