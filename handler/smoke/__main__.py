"""Check a deployment, and print one line for each step.

Like the AWS CLI, it uses the account and region of its environment. You can repeat it; it deletes its own images.
"""

import argparse
import sys
from collections.abc import Sequence

from handler.errors import BadConfig, StoreUnavailable
from handler.smoke.deployment import Deployment
from handler.smoke.session import Session
from handler.smoke.steps import CLEAN_UP, STEPS, Step
from handler.smoke.web import Unexpected


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 all steps are ok, 1 one failed or the stack could not be read."""
    parser = argparse.ArgumentParser(prog="python -m handler.smoke", description=__doc__)
    parser.add_argument("stack", help="name of the CloudFormation stack, such as hairline")
    parser.add_argument("--callback", metavar="URL", help="HTTPS address of a receiver (default: send no callback)")
    args = parser.parse_args(argv)
    try:
        session = Session(Deployment.of_stack(args.stack), args.callback)
    except (BadConfig, StoreUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    succeeded = []
    try:
        succeeded += [_succeeds(step, session) for step in STEPS]
    finally:
        succeeded.append(_succeeds(CLEAN_UP, session))
    print(f"{succeeded.count(True)} of {len(succeeded)} steps are ok.")
    return 0 if all(succeeded) else 1


def _succeeds(step: Step, session: Session) -> bool:
    try:
        observed = step.run(session)
    except (Unexpected, StoreUnavailable) as error:
        print(f"failed  {step.name}: {error}. Expected: {step.expected}.", flush=True)
        return False
    print(f"ok      {step.name}: {observed}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
