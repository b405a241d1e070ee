"""Followers and timers of journeys."""
