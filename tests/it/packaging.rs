//! What a package installs beside the program.

use crate::cli::{code, run, stderr, stdout};

/// The commands of the program, as its help names them.
fn commands() -> Vec<String> {
    let help = run(&["-h"]);
    let lines = stdout(&help).lines().skip_while(|line| *line != "Commands:").skip(1);
    let named = lines.take_while(|line| !line.is_empty());
    named.map(|line| line.split_whitespace().next().expect("a word").to_owned()).collect()
}

#[test]
fn the_manual_has_a_page_of_the_program_and_of_each_command() {
    let program = run(&["man"]);
    assert_eq!(code(&program), 0);
    for section in [".TH smtp-decrypt 1", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", "Exit codes:"]
    {
        assert!(stdout(&program).contains(section), "{section}");
    }
    let commands = commands();
    assert!(commands.len() > 4, "{commands:?}");
    for command in commands.iter().filter(|command| *command != "help") {
        let page = run(&["man", command]);
        let title = format!(".TH smtp-decrypt-{command} 1");
        assert!(stdout(&page).contains(&title), "{command}: {}{}", stdout(&page), stderr(&page));
    }
    assert_eq!(code(&run(&["man", "no-such-command"])), 2);
}

/// `mandoc` or `man` where there is one: the page is roff that others read without a complaint.
#[test]
fn man_reads_the_page() {
    let page = run(&["man"]);
    let man = assert_cmd::Command::new("man")
        .args(["--warnings", "-E", "UTF-8", "-l", "-"])
        .env("MANWIDTH", "80")
        .write_stdin(page.stdout)
        .output();
    let Ok(read) = man else { return println!("skipped: man is not installed") };
    if code(&read) != 0 {
        return println!("skipped: this man reads no page from a pipe: {}", stderr(&read));
    }
    let words: Vec<_> = stdout(&read).split_whitespace().collect();
    assert!(words.join(" ").contains("smtp-decrypt - Decrypts SMTP over TLS"), "{words:?}");
    assert_eq!(stderr(&read), "");
}

#[test]
fn each_shell_gets_completions_that_know_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert_eq!(code(&output), 0, "{shell}");
        for word in ["compare", "keylog", "wireshark-profile"] {
            assert!(stdout(&output).contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(code(&run(&["completions", "command.com"])), 2);
}

#[test]
fn bash_completes_a_command_an_option_and_a_value() {
    let script = run(&["completions", "bash"]);
    let ask = |words: &str| {
        let asked = format!(
            "{}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             completer=$(complete -p smtp-decrypt | grep -o -e '-F [^ ]*' | cut -c 4-)\n\
             $completer smtp-decrypt \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"\n\
             echo \"${{COMPREPLY[@]}}\"",
            stdout(&script)
        );
        let output = assert_cmd::Command::new("bash").args(["--norc", "-c", &asked]).output();
        stdout(&output.expect("bash")).trim().to_owned()
    };
    if std::process::Command::new("bash").arg("--version").output().is_err() {
        return println!("skipped: bash is not installed");
    }
    assert_eq!(ask("smtp-decrypt comp"), "compare completions");
    assert_eq!(ask("smtp-decrypt check --pol"), "--policy");
    assert_eq!(ask("smtp-decrypt show --format nd"), "ndjson");
}

#[test]
fn the_build_says_what_it_is() {
    let output = run(&["version"]);
    assert!(stdout(&output).starts_with(&format!("smtp-decrypt {}\n", env!("CARGO_PKG_VERSION"))));
    let target = format!("target  {}-{}", std::env::consts::ARCH, std::env::consts::OS);
    assert!(stdout(&output).contains(&target), "{}", stdout(&output));
}
