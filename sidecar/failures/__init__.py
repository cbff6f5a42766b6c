"""The catalogue of failures: what prevents deciding, in Chinese and English.

Code → what is wrong in Chinese and English, then what to do next in both; where there is nothing to do the latter are empty.
`{facts}` are filled by `sidecar.errors`. A refusal or a finding stands in `sidecar.messages` instead.
"""

from sidecar.failures.commands import COMMANDS
from sidecar.failures.enforcement import ENFORCEMENT
from sidecar.failures.general import GENERAL
from sidecar.failures.imports import IMPORTS
from sidecar.failures.log import LOG
from sidecar.failures.log_commands import LOG_COMMANDS
from sidecar.failures.policies import POLICIES
from sidecar.failures.settings import SETTINGS
from sidecar.failures.store import STORE

FAILURES: dict[str, tuple[str, str, str, str]] = (
    COMMANDS | ENFORCEMENT | GENERAL | IMPORTS | LOG | LOG_COMMANDS | POLICIES | SETTINGS | STORE
)
