//! A word that is no file may have been meant for a command.

use std::path::Path;

use clap::CommandFactory as _;

use super::args::Cli;

/// The command that a word without a file may have been meant for.
pub(super) fn command(word: &str) -> Option<String> {
    let is_a_word = word.chars().all(|c| c.is_ascii_alphabetic());
    if !is_a_word || Path::new(word).exists() {
        return None;
    }
    let cli = Cli::command();
    let names = cli.get_subcommands().map(clap::Command::get_name);
    names.filter(|name| is_like(word, name)).map(str::to_owned).next()
}

/// A letter too many, too few or another, or two exchanged: what is left is how they begin and end.
fn is_like(word: &str, name: &str) -> bool {
    let begin = word.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| text.len() - begin;
    let ends = word.bytes().rev().zip(name.bytes().rev()).take_while(|(a, b)| a == b).count();
    let same = begin + ends.min(rest(word)).min(rest(name));
    word.len().max(name.len()) - same <= 2 && same > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_known_and_a_file_name_is_none() {
        for (typed, meant) in
            [("chek", "check"), ("cehck", "check"), ("exprot", "export"), ("keyss", "keys")]
        {
            assert_eq!(command(typed).as_deref(), Some(meant), "{typed}");
        }
        for file in ["capture", "mail", "check.pcap", "a", ""] {
            assert_eq!(command(file), None, "{file}");
        }
    }
}
