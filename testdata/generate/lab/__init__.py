"""The recording lab: servers, clients, tcpdump, and the truth taken at the endpoints."""
