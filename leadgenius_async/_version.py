"""The version, alone: `leadgenius --version` reads this and imports nothing else."""

__version__ = "0.1.0"
