"""Importers: what public bodies already publish, turned into the files of the power-list language."""
