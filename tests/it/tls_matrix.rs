//! Every combination of anchor, purpose, date, name and constraint, compared with `openssl verify`.
//!
//! `tls_matrix.txt` has OpenSSL's verdicts, and the reason if ours differs. `tools/run test-secure openssl-verdicts`
//! compares it with the installed OpenSSL: it sets WSPEER_OPENSSL to the program. With WSPEER_WRITE_VERDICTS too, the
//! test writes the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, KeyUsagePurpose, NameConstraints,
    date_time_ymd,
};

use crate::tls_trust::{Certificate, authority, leaf, present, visit, with};

const ROLES: [&str; 2] = ["server", "client"];
const CONSTRAINTS: [&str; 4] = ["none", "permitted", "outside", "excluded"];
const PURPOSES: [&str; 4] = ["none", "server", "client", "both"];
/// Of the end entity, or of the authority that issued it.
const DATES: [&str; 5] = ["valid", "expired", "future", "issuer-expired", "issuer-future"];

/// How the end entity relates to the list of trusted certificates.
const ANCHORS: [&str; 7] = [
    // The list has the root, or a root without keyCertSign, that issued it.
    "root",
    "no-cert-sign",
    // The list has the root; an intermediate issued it and is presented with it, or the list has only the intermediate.
    "chain",
    "intermediate",
    // The list has the end entity, whose issuer is unknown; or, self-signed, an authority too, as the engine makes
    // them.
    "pinned",
    "engine",
    // The list has two end entities. The key of one has signed a forged certificate of the other.
    "two-pinned",
];

/// The form of the end entity's name, its common name, its alternative name and the host that a client visits.
const NAMES: [(&str, &str, &str, &str); 9] = [
    ("san-dns", "other", "game.example", "game.example"),
    ("san-ip", "other", "127.0.0.1", "127.0.0.1"),
    ("cn", "game.example", "", "game.example"),
    ("cn-wildcard", "*.game.example", "", "eu.game.example"),
    ("san-wildcard", "other", "*.game.example", "eu.game.example"),
    ("cn-ip", "127.0.0.1", "", "127.0.0.1"),
    ("cn-wildcard-ip", "*.0.0.1", "", "127.0.0.1"),
    ("cn-one-label", "localhost", "", "localhost"),
    ("cn-wildcard-one-label", "*.localhost", "", "eu.localhost"),
];

#[derive(Clone, Debug)]
struct Case {
    role: &'static str,
    anchor: &'static str,
    purpose: &'static str,
    date: &'static str,
    name: (&'static str, &'static str, &'static str, &'static str),
    constraint: &'static str,
}

impl Case {
    fn row(&self) -> String {
        format!("{} {} {} {} {}", self.role, self.anchor, self.purpose, self.date, self.name.0)
    }

    /// Returns whether the combination is of interest: unusual anchors, dates and names are not combined with every
    /// purpose.
    fn is_tested(&self) -> bool {
        let is_usual = ["root", "intermediate", "pinned", "two-pinned"].contains(&self.anchor)
            && ["valid", "expired", "future"].contains(&self.date)
            && NAMES.iter().take(4).any(|name| name.0 == self.name.0);
        let is_of_a_client = self.role == "client";
        let has_an_issuer = !["pinned", "engine"].contains(&self.anchor) || !self.date.starts_with("issuer");
        has_an_issuer
            && (is_usual || self.purpose == "none")
            && (!is_of_a_client || ["san-dns", "cn"].contains(&self.name.0))
    }

    /// Returns why our verdict is not OpenSSL's, if it is not.
    fn difference(&self) -> Option<&'static str> {
        let usable = |purpose| purpose == "none" || purpose == "both" || purpose == self.role;
        let is_trusted = usable(self.purpose)
            && self.date == "valid"
            && self.anchor != "two-pinned"
            && self.anchor != "no-cert-sign";
        if !is_trusted || self.role == "client" {
            return None;
        }
        let is_pinned = ["pinned", "engine"].contains(&self.anchor);
        let is_allowed = is_pinned || ["none", "permitted"].contains(&self.constraint);
        match self.name.0 {
            "cn-ip" if is_allowed => Some("address"),
            "cn-wildcard" if !is_allowed => Some("wildcard"),
            "cn-one-label" if !is_allowed => Some("label"),
            _ => None,
        }
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in ROLES {
        for anchor in ANCHORS {
            for purpose in PURPOSES {
                for date in DATES {
                    for name in NAMES {
                        cases.extend(CONSTRAINTS.map(|constraint| Case {
                            role,
                            anchor,
                            purpose,
                            date,
                            name,
                            constraint,
                        }));
                    }
                }
            }
        }
    }
    cases.retain(Case::is_tested);
    cases
}

fn dated(params: CertificateParams, date: &str) -> CertificateParams {
    with(params, |params| {
        let years = match date {
            "expired" => (2001, 2002),
            "future" => (2998, 2999),
            _ => (2001, 2999),
        };
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
    })
}

/// The subtrees for a name form: the host's own domain or network, or others.
fn constraints(case: &Case) -> Option<NameConstraints> {
    let network = |first| GeneralSubtree::IpAddress(CidrSubnet::V4([first, 0, 0, 0], [255, 0, 0, 0]));
    let own = match case.name.3 {
        "127.0.0.1" => network(127),
        host => GeneralSubtree::DnsName(host.strip_prefix("eu.").unwrap_or(host).to_owned()),
    };
    let others = vec![network(10), GeneralSubtree::DnsName("other.test".to_owned())];
    let (permitted_subtrees, excluded_subtrees) = match case.constraint {
        "none" => return None,
        "permitted" => (vec![own], Vec::new()),
        "outside" => (others, Vec::new()),
        _ => (Vec::new(), vec![own]),
    };
    Some(NameConstraints { permitted_subtrees, excluded_subtrees })
}

fn issuer(case: &Case, name: &str) -> CertificateParams {
    let params = dated(authority(name), case.date.strip_prefix("issuer-").unwrap_or("valid"));
    with(params, |params| params.name_constraints = constraints(case))
}

fn end_entity(case: &Case) -> CertificateParams {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let (_, common_name, alternative, _) = case.name;
    let names: Vec<&str> = Some(alternative).filter(|name| !name.is_empty()).into_iter().collect();
    with(dated(leaf(common_name, &names), case.date), |params| {
        params.extended_key_usages = match case.purpose {
            "server" => vec![ServerAuth],
            "client" => vec![ClientAuth],
            "both" => vec![ServerAuth, ClientAuth],
            _ => Vec::new(),
        };
    })
}

/// The list of trusted certificates, the presented certificate and the issuers that are presented with it.
struct Situation {
    trusted: String,
    presented: Certificate,
    issuers: Vec<Certificate>,
}

fn situation(case: &Case) -> Situation {
    let by = |issuer: &Certificate| Certificate::issued_by(end_entity(case), issuer);
    let plain = || Certificate::self_signed(dated(authority("root"), "valid"));
    match case.anchor {
        "root" | "no-cert-sign" => {
            let root = Certificate::self_signed(with(issuer(case, "root"), |params| {
                let usage = if case.anchor == "root" {
                    KeyUsagePurpose::KeyCertSign
                } else {
                    KeyUsagePurpose::DigitalSignature
                };
                params.key_usages = vec![usage];
            }));
            Situation { presented: by(&root), trusted: root.pem, issuers: Vec::new() }
        }
        "chain" => {
            let root = plain();
            let middle = Certificate::issued_by(issuer(case, "middle"), &root);
            Situation { presented: by(&middle), trusted: root.pem, issuers: vec![middle] }
        }
        "intermediate" => {
            let middle = Certificate::issued_by(issuer(case, "middle"), &plain());
            Situation { presented: by(&middle), trusted: middle.pem, issuers: Vec::new() }
        }
        "pinned" => {
            let presented = by(&Certificate::self_signed(issuer(case, "unknown")));
            Situation { trusted: presented.pem.clone(), presented, issuers: Vec::new() }
        }
        "engine" => {
            let made = with(end_entity(case), |params| params.is_ca = issuer(case, "").is_ca);
            let presented = Certificate::self_signed(with(made, |params| params.name_constraints = constraints(case)));
            Situation { trusted: presented.pem.clone(), presented, issuers: Vec::new() }
        }
        _ => {
            let alice = with(issuer(case, "alice"), |params| params.is_ca = leaf("", &[]).is_ca);
            let alice = Certificate::self_signed(alice);
            let bob = Certificate::self_signed(end_entity(case));
            Situation { presented: by(&alice), trusted: format!("{}{}", alice.pem, bob.pem), issuers: vec![alice] }
        }
    }
}

impl Situation {
    fn is_accepted(&self, case: &Case) -> bool {
        let identity = self.presented.identity(&self.issuers.iter().collect::<Vec<_>>());
        match case.role {
            "server" => visit(case.name.3, &self.trusted, identity).is_ok(),
            _ => present(&self.trusted, identity).is_ok(),
        }
    }

    /// Returns the number of OpenSSL's error, 0 for none.
    fn openssl(&self, case: &Case, program: &Path, folder: &Path) -> u32 {
        let file = |name: &str, text: &str| -> PathBuf {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut command = Command::new(program);
        // Every certificate of the list is an anchor, as in wspeer.
        command.args(["verify", "-partial_chain", "-no-CApath", "-CAfile"]).arg(file("trusted.pem", &self.trusted));
        if !self.issuers.is_empty() {
            let presented: String = self.issuers.iter().map(|issuer| issuer.pem.as_str()).collect();
            command.arg("-untrusted").arg(file("presented.pem", &presented));
        }
        command.args(["-purpose", if case.role == "server" { "sslserver" } else { "sslclient" }]);
        if case.role == "server" {
            let is_address = case.name.3 == "127.0.0.1";
            command.args([if is_address { "-verify_ip" } else { "-verify_hostname" }, case.name.3]);
        }
        let output =
            command.arg(file("end.pem", &self.presented.pem)).env("OPENSSL_CONF", "/dev/null").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            return 0;
        }
        let number = text.split_once("error ").and_then(|(_, rest)| rest.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{case:?}: {text}"))
    }
}

const VERDICTS: &str = include_str!("tls_matrix.txt");

/// The verdicts by row and constraint: OpenSSL's error number, and the reason why ours differs.
fn verdicts() -> BTreeMap<(String, String), (u32, Option<String>)> {
    let mut verdicts = BTreeMap::new();
    for line in VERDICTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (row, values) = line.split_once(" | ").unwrap();
        for value in values.split_whitespace() {
            let (constraint, verdict) = value.split_once('=').unwrap();
            let (number, reason) = match verdict.split_once('!') {
                Some((number, reason)) => (number, Some(reason.to_owned())),
                None => (verdict, None),
            };
            verdicts.insert((row.to_owned(), constraint.to_owned()), (number.parse().unwrap(), reason));
        }
    }
    verdicts
}

#[test]
fn verdicts_are_those_of_openssl_or_differ_for_a_reason() {
    let verdicts = verdicts();
    let cases = cases();
    assert_eq!(verdicts.len(), cases.len(), "rows of tls_matrix.txt");
    let mut wrong = Vec::new();
    for case in cases {
        let (number, reason) = &verdicts[&(case.row(), case.constraint.to_owned())];
        assert_eq!(reason.as_deref(), case.difference(), "{case:?}");
        let expected = (*number == 0) != reason.is_some();
        if situation(&case).is_accepted(&case) != expected {
            wrong.push(format!("{} {}: accepted is not {expected}", case.row(), case.constraint));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only with WSPEER_OPENSSL, which tests/interop/secure/openssl_tests.py sets: this machine may have no OpenSSL.
#[test]
fn the_table_has_the_verdicts_of_the_installed_openssl() {
    let Some(program) = std::env::var_os("WSPEER_OPENSSL").map(PathBuf::from) else { return };
    let folder = std::env::temp_dir().join(format!("wspeer-verdicts-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let header = VERDICTS.lines().take_while(|line| line.starts_with('#'));
    let mut text: String = header.map(|line| format!("{line}\n")).collect();
    let mut last = String::new();
    for case in cases() {
        if case.row() != last {
            last = case.row();
            write!(text, "\n{last} |").unwrap();
        }
        write!(text, " {}={}", case.constraint, situation(&case).openssl(&case, &program, &folder)).unwrap();
        if let Some(reason) = case.difference() {
            write!(text, "!{reason}").unwrap();
        }
    }
    text.push('\n');
    std::fs::remove_dir_all(&folder).unwrap();
    if std::env::var_os("WSPEER_WRITE_VERDICTS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls_matrix.txt"), text).unwrap();
        return;
    }
    let differing: Vec<_> = text.lines().zip(VERDICTS.lines()).filter(|(live, known)| live != known).collect();
    assert!(text == VERDICTS, "OpenSSL's verdict, and the table's: {differing:#?}");
}
