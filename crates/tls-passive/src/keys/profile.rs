//! A Wireshark profile: the folder in which a user has named keys already.
//!
//! Read of it are the files `ssl_keys` and `rsa_keys`, which are key lists, and of `preferences` the
//! key log `tls.keylog_file` and the list `tls.keys_list`, also under the names of before Wireshark
//! 3.0 (`ssl.`). `rsa_keys` belongs to no profile: it is looked for beside `profiles/` too
//! (peers.md §3.2).

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::{KeyError, Place};
use super::file;
use super::list::{self, ListRow, column, os_path};
use super::problem::Problem;

const KEYS_LIST: [&[u8]; 2] = [b"tls.keys_list", b"ssl.keys_list"];
const KEY_LOG: [&[u8]; 2] = [b"tls.keylog_file", b"ssl.keylog_file"];

/// What a profile names, and what is wrong with it.
#[derive(Default)]
pub(super) struct Profile {
    /// The rows of each of its lists, with the faults of that list.
    pub(super) lists: Vec<(Vec<ListRow>, Vec<KeyError>)>,
    /// Its key logs.
    pub(super) logs: Vec<NamedLog>,
}

/// A key log, and where the preferences name it.
pub(super) struct NamedLog {
    pub(super) path: PathBuf,
    pub(super) at: Place,
}

/// Reads the profile in `folder`, in which some of the files may be missing, but not all.
pub(super) fn read(folder: &Path) -> Result<Profile, KeyError> {
    let mut profile = Profile::default();
    let mut is_one = false;
    for path in lists(folder).iter().filter(|path| path.exists()) {
        is_one = true;
        profile.list(&file::read(path)?, path);
    }
    let preferences = folder.join("preferences");
    if preferences.exists() {
        is_one = true;
        profile.preferences(&file::read(&preferences)?, &preferences);
    }
    match is_one {
        true => Ok(profile),
        false => Err(KeyError::new(Place::file(folder), Problem::NotProfile)),
    }
}

/// The files of the profile in `folder`, there or not, and the key logs that it names.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let logs = read(folder).map(|profile| profile.logs).unwrap_or_default();
    let own = lists(folder).into_iter().chain([folder.join("preferences")]);
    own.chain(logs.into_iter().map(|log| log.path)).collect()
}

fn lists(folder: &Path) -> Vec<PathBuf> {
    let mut lists = vec![folder.join("ssl_keys"), folder.join("rsa_keys")];
    let profiles = folder.parent().filter(|parent| parent.ends_with("profiles"));
    lists.extend(profiles.and_then(Path::parent).map(|all| all.join("rsa_keys")));
    lists
}

impl Profile {
    fn list(&mut self, text: &[u8], path: &Path) {
        let (mut rows, faults) = list::parse(text, path);
        rows.iter_mut().for_each(|row| row.path = as_wireshark_finds(&row.path, path));
        self.lists.push((rows, faults));
    }

    /// What is no key list is blanked out, so that places in the list are places in the file.
    fn preferences(&mut self, text: &[u8], path: &Path) {
        // A list may hold passwords.
        let mut listed = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        let mut name: &[u8] = b"";
        for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
            let (named, at) = value_of(line, name);
            name = named;
            if KEYS_LIST.contains(&name) {
                listed.extend_from_slice(line);
            } else if KEY_LOG.contains(&name) {
                self.logs.extend(log(line, at, number, path));
            }
            listed.push(b'\n');
        }
        self.list(&listed, path);
    }
}

/// The preference of a line, and where its value begins. A line that begins with a blank goes on
/// with the `last` one.
fn value_of<'a>(line: &'a [u8], last: &'a [u8]) -> (&'a [u8], usize) {
    if line.first().is_some_and(u8::is_ascii_whitespace) {
        return (last, 0);
    }
    let colon = line.iter().position(|&byte| byte == b':').filter(|_| !line.starts_with(b"#"));
    colon.map_or((b"", 0), |colon| (&line[..colon], colon + 1))
}

fn log(line: &[u8], at: usize, number: u32, preferences: &Path) -> Option<NamedLog> {
    let value = line.get(at..)?;
    let indent = value.len() - value.trim_ascii_start().len();
    let path = value.trim_ascii();
    if path.is_empty() {
        return None;
    }
    let column = Some(column(line, at + indent));
    let at = Place { line: Some(number), column, ..Place::file(preferences) };
    let beside = preferences.parent().unwrap_or_else(|| Path::new("")).join(os_path(path));
    Some(NamedLog { path: as_wireshark_finds(&beside, preferences), at })
}

/// A relative path starts at the folder of the file that names it, as in any key list; where nothing
/// is there, at the folder of the process, as in Wireshark.
fn as_wireshark_finds(path: &Path, named_in: &Path) -> PathBuf {
    let from_process = named_in.parent().and_then(|folder| path.strip_prefix(folder).ok());
    let found = from_process.filter(|relative| !path.exists() && relative.exists());
    found.unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_preferences(text: &str) -> (Vec<String>, Vec<String>) {
        let mut profile = Profile::default();
        profile.preferences(text.as_bytes(), Path::new("p/preferences"));
        let (rows, faults) = &profile.lists[0];
        let rows = rows.iter().map(|row| format!("{} {}", row.at, row.path.display()));
        let logs = profile.logs.iter().map(|log| format!("{} {}", log.at, log.path.display()));
        (rows.chain(faults.iter().map(ToString::to_string)).collect(), logs.collect())
    }

    #[test]
    fn preferences_name_a_key_log_and_keys_under_both_names() {
        let text = "# made by hand\ngui.layout: 1\ntls.keylog_file: /log\r\n#tls.keylog_file: /no\n\
                    ssl.keylog_file:old log\nssl.keys_list: 192.0.2.1,25,smtp,/a.key\ntls.keylog_file:\n";
        let (rows, logs) = read_preferences(text);
        assert_eq!(rows, ["p/preferences:6:34 /a.key"]);
        assert_eq!(logs, ["p/preferences:3:18 /log", "p/preferences:5:17 p/old log"]);
    }

    #[test]
    fn a_value_may_go_on_behind_a_blank_at_the_start_of_the_next_line() {
        let (rows, logs) = read_preferences(
            "tls.keylog_file:\n  /log\ntls.keys_list: any,0,smtp,/a.key;\n any,0,smtp,/b.key\nx: 1\n any,0,smtp,/c\n",
        );
        assert_eq!(rows, ["p/preferences:3:27 /a.key", "p/preferences:4:13 /b.key"]);
        assert_eq!(logs, ["p/preferences:2:3 /log"]);
    }

    #[test]
    fn a_faulty_row_of_the_preferences_is_located() {
        let (rows, _) = read_preferences("x: 1\ntls.keys_list: 192.0.2.1,x,smtp,/a.key\n");
        assert!(rows[0].starts_with("p/preferences:2:26: no port"), "{rows:?}");
    }

    #[test]
    fn keys_of_all_profiles_stand_beside_their_folder() {
        let all = |folder: &str| lists(Path::new(folder)).last().unwrap().display().to_string();
        assert_eq!(all("/w/profiles/mail"), "/w/rsa_keys");
        assert_eq!(all("/w"), "/w/rsa_keys");
        assert_eq!(all("/w/mail"), "/w/mail/rsa_keys");
    }
}
