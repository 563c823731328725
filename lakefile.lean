import Lake
open Lake DSL

package leanbound

@[default_target]
lean_lib LeanBound where
  srcDir := "lean"
  globs := #[.submodules `LeanBound]
