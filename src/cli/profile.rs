//! Where Wireshark keeps its profiles.

use std::env;
use std::path::PathBuf;

/// The profile that Wireshark uses where none is named; it lies in the configuration's own folder.
const DEFAULT: &str = "Default";

/// The folder of the profile that was typed: a folder, or the name of a profile of this user.
pub(super) fn folder(typed: &str) -> Result<PathBuf, String> {
    let as_typed = PathBuf::from(typed);
    if as_typed.is_dir() {
        return Ok(as_typed);
    }
    let Some(all) = configuration() else { return Err("no such folder".to_owned()) };
    if typed == DEFAULT {
        return Ok(all);
    }
    let named = all.join("profiles").join(typed);
    let missing = || format!("neither it nor {} is a folder", named.display());
    if named.is_dir() { Ok(named.clone()) } else { Err(missing()) }
}

/// Where Wireshark has its configuration: the variable of its own first, then that of the XDG base
/// directories, or of Windows (`get_persconffile_dir` of its `wsutil/filesystem.c`).
fn configuration() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("WIRESHARK_CONFIG_DIR").or_else(|| {
        let home = || variable("HOME").map(|home| home.join(".config"));
        let configs = variable("XDG_CONFIG_HOME").or_else(home).map(|dir| dir.join("wireshark"));
        configs.or_else(|| variable("APPDATA").map(|dir| dir.join("Wireshark")))
    })
}
