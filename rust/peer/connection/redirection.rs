//! Decides which redirections a client follows, and which of the program's settings another origin gets.

use crate::net::{ClientTls, FailureStage, NetError};
use crate::peer::connection::client_opening;
use crate::peer::connection::opening_stage::ClientPlan;
use crate::peer::options::ConnectionOptions;
use crate::proto::handshake::HttpResponse;
use crate::proto::redirect;
use crate::proto::url::Url;

/// How far a client has followed redirections, and what it needs to follow more.
#[derive(Debug)]
pub(super) struct Redirections {
    /// The URL that is being connected to.
    url: Url,
    /// TLS settings for it.
    tls: Option<ClientTls>,
    /// The program's header lines for it.
    headers: Vec<String>,
    followed: u32,
    limit: u32,
}

/// Header lines that every origin gets, because they name the page and the program and no user.
const HARMLESS: [&str; 2] = ["origin", "user-agent"];

impl Redirections {
    /// Begins at the program's URL; `None` if no redirection is followed.
    pub fn from(url: &Url, tls: Option<&ClientTls>, options: &ConnectionOptions) -> Option<Self> {
        (options.max_redirects > 0).then(|| Self {
            url: url.clone(),
            tls: tls.cloned(),
            headers: options.handshake_headers.clone(),
            followed: 0,
            limit: options.max_redirects,
        })
    }

    /// Returns whether a redirection was followed.
    pub fn has_left(&self) -> bool {
        self.followed > 0
    }

    /// Decides about a response that refused the upgrade. Returns what the client has to do at the location; `None` if
    /// the response is no redirection. An error is a redirection that is not followed.
    pub fn follow(
        &mut self,
        response: &HttpResponse,
        options: &ConnectionOptions,
    ) -> Result<Option<ClientPlan>, NetError> {
        if !redirect::is_followed(response.status) {
            return Ok(None);
        }
        let refused = |why: &dyn std::fmt::Display| {
            let target = response.headers.first("Location").unwrap_or_default();
            let message =
                format!("the redirection (HTTP status {}) to '{target}' is not followed: {why}", response.status);
            NetError::answer(FailureStage::Http, message, response.clone())
        };
        let Some(location) = redirect::location(&response.headers).map_err(|error| refused(&error))? else {
            return Ok(None);
        };
        if self.followed >= self.limit {
            return Err(refused(&format!("max_redirects is {}", self.limit)));
        }
        let next = redirect::resolve(&self.url, location).map_err(|error| refused(&error))?;
        let is_same_origin = redirect::is_same_origin(&self.url, &next);
        if !is_same_origin {
            let tls = self.tls.as_ref().map(ClientTls::without_identity).transpose();
            self.tls = tls.map_err(|error| refused(&error.message()))?;
            self.headers.retain(|line| is_harmless(line));
        }
        self.url = Url { credentials: next.credentials.clone().filter(|_| is_same_origin), ..next };
        self.followed += 1;
        let plan = client_opening::plan(&self.url, self.tls.clone(), &self.headers, options);
        plan.map(Some).map_err(|error| refused(&error.message()))
    }

    /// Names the URL at which a connection failed, if redirections led there.
    pub fn explain(&self, error: NetError) -> NetError {
        if self.followed == 0 {
            return error;
        }
        let plural = if self.followed == 1 { "" } else { "s" };
        let place = redirect::place(&self.url);
        NetError {
            message: format!("after {} redirection{plural}, at {place}: {}", self.followed, error.message),
            ..error
        }
    }
}

fn is_harmless(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    HARMLESS.iter().any(|harmless| name.eq_ignore_ascii_case(harmless))
}
