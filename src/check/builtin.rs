//! The policies that come with the program; their texts are in `policies/`.

use super::error::PolicyError;
use super::policy::Policy;

const TEXTS: &[(&str, &str)] = &[
    ("delivered", include_str!("../../policies/delivered.toml")),
    ("enforce", include_str!("../../policies/enforce.toml")),
    ("intermediate", include_str!("../../policies/intermediate.toml")),
    ("modern", include_str!("../../policies/modern.toml")),
    ("no-plaintext-auth", include_str!("../../policies/no-plaintext-auth.toml")),
    ("ses", include_str!("../../policies/ses.toml")),
];

/// Their names.
pub const NAMES: &[&str] =
    &["delivered", "enforce", "intermediate", "modern", "no-plaintext-auth", "ses"];

/// The text of a policy, by its name.
#[must_use]
pub fn text_of(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The policy of a name.
///
/// # Errors
///
/// That it cannot be read, which a test rules out.
pub fn named(name: &str) -> Option<Result<Policy, PolicyError>> {
    Some(Policy::parse(name, text_of(name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_policy_can_be_read() {
        assert_eq!(TEXTS.iter().map(|row| row.0).collect::<Vec<_>>(), NAMES);
        for name in NAMES {
            let policy = named(name).expect("it is there");
            assert!(policy.is_ok(), "{name}: {policy:?}");
        }
    }
}
