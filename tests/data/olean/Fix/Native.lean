module

@[expose] public section

namespace Fix.Native

theorem proved : True := Lean.trustCompiler

end Fix.Native
