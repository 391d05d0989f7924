//! On other processors there are no lanes: no value of these can be made.

use std::sync::OnceLock;

use super::power::Moduli;
use super::{Kernel, Prepared};
use crate::key::Key;

macro_rules! absent {
    ($name:ident, $field:ident) => {
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum $name {}

        impl $name {
            pub(crate) fn detect() -> Option<Self> {
                None
            }
        }

        impl Kernel for $name {
            type Limb = [u64; 1];

            const LANES: usize = 1;
            const LIMB_BITS: usize = 1;
            const BLOCK_LIMBS: usize = 1;
            const MOST_BLOCKS: usize = 0;

            fn prepared(key: &Key) -> &OnceLock<Option<Prepared>> {
                &key.$field
            }

            fn multiply(
                self,
                _: &mut [[u64; 1]],
                _: (&[[u64; 1]], &[[u64; 1]]),
                _: &Moduli<Self>,
                _: &mut [[u64; 1]],
            ) {
                match self {}
            }

            fn square(
                self,
                _: &mut [[u64; 1]],
                _: &[[u64; 1]],
                _: &Moduli<Self>,
                _: &mut [[u64; 1]],
            ) {
                match self {}
            }
        }
    };
}

absent!(Ifma, ifma);
absent!(Avx2, avx2);
