//! The gRPC face of Earmark as generated from `proto/earmark/v1` by `cargo xtask gen`: messages, clients and servers. Nothing is
//! written by hand here but this list of modules; conversions live in `server`.

#[allow(missing_docs, clippy::all, clippy::too_many_lines, reason = "generated; the words stand in the protos")]
pub mod earmark {
    pub mod v1 {
        include!("gen/earmark.v1.rs");
    }
}

#[allow(missing_docs, clippy::all, reason = "generated from Google's own protos")]
pub mod google {
    pub mod r#type {
        include!("gen/google.r#type.rs");
    }
    pub mod rpc {
        include!("gen/google.rpc.rs");
    }
}

pub use earmark::v1;

/// Every file of the package and what it imports, as a serialized `google.protobuf.FileDescriptorSet`: for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptors.bin");

/// What the protos call each message, field, enum value and method: a line a name of full name, English and Chinese, tabs between.
pub const WORDS: &str = include_str!("gen/words.tsv");
