"""Reprise itself on a cluster: what install/ holds, judged by a real API server and by a whole Reprise that runs so."""
