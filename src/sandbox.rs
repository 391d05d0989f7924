//! What the process gives up before it reads a byte that strangers wrote: files that it was not
//! given, the network, other programs (Linux; elsewhere nothing is given up).
//!
//! Landlock holds the files, seccomp the system calls. Both stay for the life of the process and of
//! the threads that it starts afterwards.

use std::path::PathBuf;

/// What may still be done with files. What is open already stays open.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Files, and directories with all below them, that may be read.
    pub read: Vec<PathBuf>,
    /// Directories in which files may be renamed and removed, but none opened.
    pub rename: Vec<PathBuf>,
    /// Directories below which all may be done except to run what is there.
    pub write: Vec<PathBuf>,
}

/// What the kernel took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confined {
    /// Files other than those of [`Access`], and TCP.
    pub files: bool,
    /// The system calls for networks, programs and other processes.
    pub calls: bool,
}

/// Confines the process as far as its kernel can. To be called while there is one thread: those that
/// run already would keep their files.
#[must_use]
pub fn confine(access: &Access) -> Confined {
    #[cfg(target_os = "linux")]
    return linux::confine(access);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = access;
        Confined { files: false, calls: false }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::env::consts::ARCH;
    use std::path::{Path, PathBuf};

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, Ruleset,
        RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
        Scope, make_bitflags, path_beneath_rules,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

    use super::{Access, Confined};

    /// The newest rights that are asked for; an older kernel takes away what it knows of.
    const NEWEST: ABI = ABI::V6;

    const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    const RENAME: BitFlags<AccessFs> = make_bitflags!(AccessFs::{MakeReg | RemoveFile});

    /// Time zones, which `--time local` reads when the first time is printed.
    const ZONES: [&str; 2] = ["/usr/share/zoneinfo", "/etc/localtime"];

    /// What a reader of files never does. Each answers EPERM.
    const DENIED: &[libc::c_long] = &[
        // Networks.
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        // Other programs and processes.
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_kill,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_ptrace,
        // Ways around the two above: calls by a queue, files by number, names of another root.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_open_by_handle_at,
        libc::SYS_chroot,
        libc::SYS_pivot_root,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_setns,
        libc::SYS_unshare,
        // The kernel itself.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
    ];

    pub(super) fn confine(access: &Access) -> Confined {
        let files = confine_files(access).is_ok_and(|status| status != RulesetStatus::NotEnforced);
        // Last: it may take away what the first needs.
        Confined { files, calls: confine_calls().is_ok() }
    }

    fn confine_files(access: &Access) -> Result<RulesetStatus, RulesetError> {
        let mut ruleset = Ruleset::default()
            // Without this right (Linux 5.19) no file could move to another directory at all.
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::Refer)?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?;
        let below = AccessFs::from_all(NEWEST) & !make_bitflags!(AccessFs::{Execute});
        allow(&mut ruleset, &readable(&access.read), READ);
        allow(&mut ruleset, &access.rename, RENAME);
        allow(&mut ruleset, &access.write, below);
        Ok(ruleset.restrict_self()?.ruleset)
    }

    /// A path that takes no rule is none of a file system: pipes, which need none.
    fn allow(ruleset: &mut RulesetCreated, paths: &[PathBuf], access: BitFlags<AccessFs>) {
        for rule in path_beneath_rules(paths, access) {
            let Ok(rule) = rule else { continue };
            let _ = ruleset.add_rule(rule);
        }
    }

    /// The paths, time zones, and what links in the directories lead to.
    fn readable(paths: &[PathBuf]) -> Vec<PathBuf> {
        let links = paths.iter().filter(|path| path.is_dir()).flat_map(|path| links_in(path));
        paths.iter().cloned().chain(links).chain(ZONES.map(PathBuf::from)).collect()
    }

    fn links_in(directory: &Path) -> Vec<PathBuf> {
        let entries = directory.read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_symlink()).collect()
    }

    fn confine_calls() -> Result<(), Box<dyn std::error::Error>> {
        let rules: BTreeMap<i64, Vec<_>> = DENIED.iter().map(|&call| (call, Vec::new())).collect();
        let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let arch = TargetArch::try_from(ARCH)?;
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, arch)?;
        let program: BpfProgram = filter.try_into()?;
        Ok(seccompiler::apply_filter_all_threads(&program)?)
    }
}
