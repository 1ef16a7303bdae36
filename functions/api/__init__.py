"""The REST API: one Chalice app, one blueprint a capability. Wiring in app.py, the one HTTP seam in seam.py."""
