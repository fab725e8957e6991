"""The presets that ship with Clew, one TOML file each."""
