"""Published power lists (权责清单, .xls and .xlsx) → `organ.yaml` and `powers.yaml`.

**Nothing is dropped in silence.** Every non-empty row of every sheet becomes an item, is a heading, or is reported in
`unplaced` with its reason; every column the language has no key for is reported once; every guess is a warning with the
address of its cell. What the importer cannot know (which person holds which post, the steps of a procedure) it does not
invent: posts are written `confirmed: false`, and steps come from the control profile of the class.

**Identifiers survive editing.** A power has no published number that lasts: 序号 changes with every row that is inserted. So
an item is known by what it is: `<organ>-<class letters>-<first 8 hex of SHA-256(name|subitem|class|body)>`. Inserting,
moving or renumbering rows changes no identifier; renaming an item, or moving it to another class or body, makes it another
item, as it does in law. True duplicates are told apart by `-2`, `-3` in row order.

The stages, one module each: `package` (may this file be opened), `opening` (bytes → sheets of clean text), `headings`
(columns by meaning), `rows` (rows → items' cells or `unplaced`), `citations` (实施依据 → legal basis), `items` and `units`
(cells → the language), `importing` (the whole). What they say to a person stands in `sentences`.
"""

from adapters.importers.workbook.importing import Import, ImportedItem, as_json, import_workbooks
from adapters.importers.workbook.report import Counts, Notice, Unplaced

__all__ = ["Counts", "Import", "ImportedItem", "Notice", "Unplaced", "as_json", "import_workbooks"]
