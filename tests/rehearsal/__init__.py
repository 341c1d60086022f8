"""A cluster in memory on which plans are carried out: no API server, no clock of its own."""
