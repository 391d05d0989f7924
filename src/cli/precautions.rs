//! What is done about secrets before one is read.

use std::path::PathBuf;

use super::output;
use crate::sandbox::{self, Access, Confined};

/// Memory with keys in it shall reach neither a core file nor another process of the user.
pub(super) fn no_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // To have no core files may be given up as well as it may be asked for: neither call fails.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        #[cfg(target_os = "linux")]
        let _ =
            rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}

/// From here on `access` is all that can be done with files. To be called before a capture is opened
/// or a thread started.
pub(super) fn confine(access: &Access, verbose: bool) {
    let Confined { files, calls } = sandbox::confine(access);
    if verbose && !(files && calls) {
        output::say("this system does not confine the program (SECURITY.md, --no-sandbox)");
    }
}

/// What to say about files with secrets that more people than their owner may read.
pub(super) fn exposed(files: impl Iterator<Item = PathBuf>) -> Option<String> {
    let mut names: Vec<_> =
        files.filter(|file| is_exposed(file)).map(|file| file.display().to_string()).collect();
    names.sort();
    names.dedup();
    let (first, more) = names.split_first()?;
    let more = match more.len() {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    Some(format!("others than the owner can read {first}{more}: chmod 600 keeps secrets secret"))
}

#[cfg(unix)]
fn is_exposed(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    /// Read permission of the group and of all others.
    const OF_OTHERS: u32 = 0o044;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & OF_OTHERS != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &std::path::Path) -> bool {
    false
}
