"""The portal over HTTP: public pages, panel, API, probes, and who may do what."""
