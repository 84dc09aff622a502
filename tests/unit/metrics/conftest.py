from tests.unit.metrics.exported import exported

__all__ = ["exported"]
