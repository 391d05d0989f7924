//! A dialogue from standard input, whose lines begin with `C: ` or `S: `:
//! `cargo run -p smtp-dialogue --example transcript < TALK`

use std::error::Error;
use std::io::{self, Write};

use capture_terms::moment::Moment;
use capture_terms::role::Role;
use smtp_dialogue::{Dialogue, Input, SmtpEvent};

fn main() -> Result<(), Box<dyn Error>> {
    let mut dialogue = Dialogue::new();
    let mut told = Vec::new();
    let mut take = |event: SmtpEvent<'_>| match event {
        SmtpEvent::Exchange(exchange) => told.push(format!("{exchange:?}")),
        SmtpEvent::Mail(mail) => told.push(format!("{mail:?}")),
        SmtpEvent::Finding { kind, message, .. } => told.push(format!("{kind:?}: {message}")),
        _ => {}
    };
    for line in io::stdin().lines() {
        let line = line?;
        let (from, text) = match line.split_at_checked(3) {
            Some(("C: ", text)) => (Role::Client, text),
            Some(("S: ", text)) => (Role::Server, text),
            _ => return Err(format!("neither `C: ` nor `S: `: {line}").into()),
        };
        let bytes = format!("{text}\r\n");
        // Less is taken where the dialogue waits for the other side: a talk in order never does.
        dialogue.feed(from, Input::Bytes(bytes.as_bytes()), Moment::default(), &mut take);
    }
    dialogue.finish(&mut take);
    let mut out = io::stdout().lock();
    told.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}
