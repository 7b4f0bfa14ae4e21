"""Check a deployment from outside, as its users do: `python -m handler.smoke STACK`.

docs/first-deployment.md lists the steps with their expected results. This package is not deployed.
"""
