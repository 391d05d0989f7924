//! The model becomes bytes, one file a format. Knows nothing of the engine or of which files to
//! open.

pub mod json;
pub mod term;
pub mod text;
