//! What holds for every kind.

mod hostile;
mod marks;
mod numbers;
mod properties;
