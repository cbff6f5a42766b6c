"""Many sidecars on one Redis: case state that all of them share, beside the log that each of them writes.

store.py       RedisStore: the port, and the way of a commit through Redis, log and back
server.py      the connection: deadlines, scripts, what a fault means
ground.py      what a server must be before anything is put on it, and the mark that tells a flushed or restored one
cases.py       a case as Redis holds it, proven against what was seen before and against this sidecar's own log
ledgers.py     reserve, confirm or give back what is counted across cases
sweeping.py    what a sidecar that died left open
rebuilding.py  cases and ledgers put back from the logs of all sidecars
keys.py        the names of keys; all of a case hash to one slot
*.lua          one script for each change: the store's only atomic unit
"""
