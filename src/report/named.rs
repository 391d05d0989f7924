//! Enums that the report has by their names in the contract.

/// Makes an enum, the names of its variants, and their serialisation.
macro_rules! named {
    (
        $(#[$doc:meta])*
        $enum:ident { $($(#[$of_variant:meta])* $variant:ident $name:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[non_exhaustive]
        pub enum $enum {
            $($(#[$of_variant])* #[serde(rename = $name)] $variant,)*
        }

        impl $enum {
            /// The name in the report.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

pub(super) use named;
