"""Request, decision, reasons; the indexed evaluation of Casbin models; and `decide()`."""
