//! The `ifma` engine on processors that are not of its kind: there is none.

use crate::crt::Crt;
use crate::words::Words;

/// No value of it can be made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ifma {}

/// Nothing is prepared.
pub(crate) struct Prepared;

pub(crate) type Request<'a> = (&'a Crt, &'a Prepared, &'a [u64]);

impl Prepared {
    pub(crate) fn new(_: &Crt) -> Option<Self> {
        None
    }
}

impl Ifma {
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn decrypt(self, _: &[Request<'_>]) -> Vec<(Words, bool)> {
        match self {}
    }
}
