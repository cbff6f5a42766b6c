"""The outer side of the house: stores, importers and enforcement points, one file each, behind the ports of `sidecar`."""
