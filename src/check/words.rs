//! What the readers of TOML and of expressions say, in words that help.

use super::nearest::or_nearest;

/// An error of the reader of TOML.
pub(super) fn of_toml(message: &str) -> String {
    let message = message.trim_end();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let quoted: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        if let Some((field, known)) = quoted.split_first() {
            return format!("there is no field `{field}` here{}", or_nearest(field, known));
        }
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("the field {field} is missing");
    }
    if let Some(rest) = message.strip_prefix("invalid type: ")
        && let Some((is, wanted)) = rest.split_once(", expected ")
    {
        let wanted = if wanted.contains("string") { "a text in quotes" } else { wanted };
        return format!("here has to stand {wanted}, and there is: {is}");
    }
    format!("this is not TOML: {}", message.replace('\n', ", "))
}

/// An error of the reader of expressions. It speaks of tokens and of what its grammar expects.
pub(super) fn of_expression(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error: ");
    let quoted = message.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\''));
    let quoted = quoted.map(|(inside, _)| inside.split("' ").next().unwrap_or(inside));
    match quoted {
        _ if message.contains("<EOF>") && !message.starts_with("extraneous") => {
            "it ends where a value, a name or a closing bracket is due".to_owned()
        }
        Some(text) if message.starts_with("token recognition error") => {
            let text: String = text.trim_start_matches("at: '").chars().take(MOST_QUOTED).collect();
            format!("`{text}` is no part of an expression; is a text without its closing quote?")
        }
        Some(text) if !text.is_empty() => {
            let text: String = text.chars().take(MOST_QUOTED).collect();
            format!("`{text}` cannot stand here")
        }
        _ => "a value, a name, an operator or a bracket is wrong here".to_owned(),
    }
}

/// Characters of the text that are quoted.
const MOST_QUOTED: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_grammar_is_left() {
        let eof = "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', IDENTIFIER}";
        assert!(of_expression(eof).starts_with("it ends where"));
        let extra = "Syntax error: extraneous input ')' expecting <EOF>";
        assert_eq!(of_expression(extra), "`)` cannot stand here");
        let field = "unknown field `expects`, expected one of `name`, `expect`\n";
        assert!(of_toml(field).contains("did you mean `expect`?"), "{}", of_toml(field));
    }
}
