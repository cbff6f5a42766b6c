"""Configuration of India's DIGIT platform (MDMS master data) → what is wrong with it, and a draft in the language.

DIGIT grants URLs to roles (`roleactions`), and moves a case through states by actions of roles (`BusinessService`). Both stop at
the role: nothing compares the persons of one case. The import says what the files contradict in themselves, which role is which
other role under another name, and what a workflow lacks to satisfy the control profile of a class of power; each finding with
its file, JSON pointer, line and column, and what to write instead.

The modules: `json_text` (values and where they stand), `reading` (files → roles, actions, grants, workflows), `words` (DIGIT's
action words → verbs), `access` and `workflow` (what is found), `drafting` (a workflow as organ and powers), `sentences`,
`importing` (the whole).
"""

from adapters.importers.digit.importing import Digit, as_json, import_digit
from adapters.importers.digit.reading import FILES, Found

__all__ = ["FILES", "Digit", "Found", "as_json", "import_digit"]
