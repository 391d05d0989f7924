//! `export keylog`: the secrets of the sessions that were opened, for other programs to open them.

use super::notice::numbers;
use super::secrets::{self, Secrets};
use super::staged::Placed;
use super::{OrCannot as _, Result, Run};

/// The file of the secrets.
const KEY_LOG: &str = "sessions.keylog";

/// Writes the file, which gets its name later.
pub(crate) fn write(run: &mut Run<'_>) -> Result<Vec<Placed>> {
    let secrets = secrets::collect(run);
    tell(&secrets, run);
    if secrets.is_empty() {
        return Ok(Vec::new());
    }
    let mut file = run.file(KEY_LOG);
    secrets.blocks().for_each(|lines| file.push(&lines));
    let (staged, bytes) = file.finish().or_cannot("write the secrets")?;
    Ok(vec![Placed { staged, name: KEY_LOG.to_owned(), session: None, bytes }])
}

/// Says whose secrets leave.
pub(super) fn tell(secrets: &Secrets, run: &mut Run<'_>) {
    if secrets.wordless > 0 {
        let sessions = secrets.wordless;
        run.notice.add(format!("left out: SSL 2.0 ({sessions}), which no key log can hold"));
    }
    match secrets.len() {
        0 => run.notice.add(
            "no secret to write: no session was opened; `smtp-decrypt show` tells why".to_owned(),
        ),
        lines => run.notice.add(format!(
            "to be written: the secrets of {} ({lines} {}); whoever has them and the capture reads \
             passwords and bodies",
            numbers(&secrets.sessions),
            if lines == 1 { "line" } else { "lines" },
        )),
    }
}
