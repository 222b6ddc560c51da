"""Tests: unit, contract, property, scenario, fault and architecture."""
