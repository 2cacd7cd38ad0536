//! Calls to a server: one request's bytes to a method's path, and the answer's bytes back. Which endpoint, how often and how long is
//! `client`'s.

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::{Buf, BufMut};
use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor};
