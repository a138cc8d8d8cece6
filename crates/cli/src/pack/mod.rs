//! Evidence packs as ZIP archives: written, and read strictly. What is in them, and whether it is whole, [`audit::pack`]
//! knows.

mod bundle;
mod layout;
mod unpacked;

pub use bundle::Bundle;
pub use unpacked::{Unopened, Unpacked, begins_as_pack, id_of, is_named_as_pack, is_pending, looks_packed};
