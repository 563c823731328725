module

prelude

public section

/-- A module without the library could declare foundations of its own. -/
axiom False : Prop
axiom False.proved : False
