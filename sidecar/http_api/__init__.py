"""The edge of the service over HTTP: translate, never decide."""
