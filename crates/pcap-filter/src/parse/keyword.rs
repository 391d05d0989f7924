//! Words that mean something in the language, also those for which there is nothing here.

use super::super::ast::Proto;
use super::super::token::Token;

/// Keywords of the language for link layers and tools that no mail is read from here.
pub(super) const FOREIGN: &[(&str, &[&str])] = &[
    (
        "802.11 headers",
        &[
            "type",
            "subtype",
            "dir",
            "direction",
            "addr1",
            "addr2",
            "addr3",
            "addr4",
            "address1",
            "address2",
            "address3",
            "address4",
            "ra",
            "ta",
            "radio",
        ],
    ),
    (
        "pf's log",
        &[
            "on",
            "ifname",
            "rset",
            "ruleset",
            "rnr",
            "rulenum",
            "srnr",
            "subrulenum",
            "reason",
            "action",
        ],
    ),
    (
        "ATM",
        &[
            "lane",
            "metac",
            "bcc",
            "oam",
            "oamf4",
            "oamf4ec",
            "oamf4sc",
            "sc",
            "ilmic",
            "vpi",
            "vci",
            "connectmsg",
            "metaconnect",
        ],
    ),
    (
        "SS7",
        &[
            "fisu", "lssu", "lsu", "msu", "hfisu", "hlssu", "hmsu", "sio", "opc", "dpc", "sls",
            "hsio", "hopc", "hdpc", "hsls",
        ],
    ),
    (
        "OSI",
        &[
            "esis", "es-is", "isis", "is-is", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp",
            "clnp",
        ],
    ),
    ("LLC types", &["llc"]),
    ("chains of headers; `proto` asks for one", &["protochain"]),
    ("single bytes in this old form; `ether[N]` does", &["byte"]),
];

/// Keywords beside those of [`Proto`] and [`FOREIGN`].
const KEYWORDS: [&str; 26] = [
    "and",
    "or",
    "not",
    "src",
    "dst",
    "host",
    "net",
    "port",
    "portrange",
    "proto",
    "mask",
    "gateway",
    "less",
    "greater",
    "len",
    "length",
    "broadcast",
    "multicast",
    "inbound",
    "outbound",
    "ifindex",
    "vlan",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
];

/// The keyword that a token is.
pub(super) fn keyword(token: &Token) -> Option<&str> {
    match token {
        Token::Word { text, is_escaped: false } if is_keyword(text) => Some(text),
        _ => None,
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
        || Proto::named(word).is_some()
        || FOREIGN.iter().any(|(_, words)| words.contains(&word))
}

pub(super) fn is_not(token: &Token) -> bool {
    *token == Token::Sign("!") || keyword(token) == Some("not")
}
