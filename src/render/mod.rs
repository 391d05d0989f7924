//! The model becomes bytes, one file a format. Knows nothing of the engine or of which files to
//! open.

pub mod envelope;
pub mod flow_name;
pub mod github;
pub mod json;
pub mod junit;
pub mod mask;
pub mod term;
pub mod text;
