from tests.unit.monitoring.exported import exported

__all__ = ["exported"]
