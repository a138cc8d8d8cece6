//! What holds for every kind.

mod hostile;
mod marks;
mod properties;
