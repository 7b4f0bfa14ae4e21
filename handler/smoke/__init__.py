"""Checks a deployment from outside, as its users see it: `python -m handler.smoke STACK`.

docs/first-deployment.md has each step with its expected result. It is not deployed.
"""
