//! The known name that a misspelt one is nearest to.

/// The nearest of `known`, if one is near: at most a third of its letters are other ones.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(word, name);
    let best = known.iter().min_by_key(|name| distance(name)).copied()?;
    (distance(&best) * 3 <= best.len().max(3)).then_some(best)
}

/// What there is instead, and which of it was meant, for the end of a message.
pub(super) fn or_nearest(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!(", but {}; did you mean `{near}`?", known.join(", ")),
        None => format!(", but {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let known = ["delivered", "rejected", "reset"];
        assert_eq!(nearest("deliverd", &known), Some("delivered"));
        assert_eq!(nearest("rest", &known), Some("reset"));
        assert_eq!(nearest("accepted", &["outcome"]), None);
    }
}
