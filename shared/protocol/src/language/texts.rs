//! The table of texts: what each is for, and the names that are filled in.

macro_rules! texts {
    ($($(#[$doc:meta])* $field:ident = $name:literal [$($placeholder:literal),*];)+) => {
        /// Every text of the pages, in one language.
        #[derive(Debug, Clone, Copy)]
        pub struct Texts<'a> { $($(#[$doc])* pub $field: &'a str,)+ }

        impl<'a> Texts<'a> {
            /// The name of each text for those who replace it, with the names that it may have in braces.
            pub const NAMES: &'static [(&'static str, &'static [&'static str])] =
                &[$(($name, &[$($placeholder),*]),)+];

            /// The text of this name.
            #[must_use]
            pub fn named(&self, name: &str) -> Option<&'a str> {
                match name {
                    $($name => Some(self.$field),)+
                    _ => None,
                }
            }

            /// Puts another text in the place of the one of this name.
            pub fn replace(&mut self, name: &str, text: &'a str) {
                match name {
                    $($name => self.$field = text,)+
                    _ => {}
                }
            }
        }
    };
}

texts! {
    /// Before the reference of a page, which support asks for.
    reference = "reference" [];
    /// The title of a page with something to correct.
    title_problem = "titleProblem" ["title"];
    /// The title of the pages on which the customer connects something.
    connect_title = "connectTitle" ["integration"];

    /// The heading of the form for what is missing.
    form_heading = "formHeading" ["integration", "brand"];
    /// The link to a page that explains a value.
    help_link = "helpLink" [];
    /// Read out after it.
    new_window = "newWindow" [];
    /// Before the list of what is to be corrected.
    please_check = "pleaseCheck" [];
    /// Beside a field that may stay empty.
    optional = "optional" [];
    /// Beside a field that takes several values.
    one_a_line = "oneALine" [];
    /// Before an example of a value.
    for_example = "forExample" [];
    /// The button that connects.
    connect = "connect" [];
    /// The button that does not.
    cancel = "cancel" [];
    /// Before the other options.
    other_ways = "otherWays" [];
    /// What is entered is for.
    form_use = "formUse" ["integration", "brand"];
    /// The credentials were refused.
    form_refused = "formRefused" [];

    /// The heading of the page that asks whether the customer meant to start.
    confirm_heading = "confirmHeading" ["integration", "brand"];
    /// Who gets access.
    confirm_access = "confirmAccess" ["integration", "brand"];
    /// Before the user for whom the start is.
    confirm_who = "confirmWho" ["brand"];
    /// The label of that user's name.
    name = "name" [];
    /// The label of that user's id.
    user_id = "userId" [];
    /// Why it matters.
    confirm_warning = "confirmWarning" [];
    /// The button that goes on.
    confirm_continue = "confirmContinue" ["integration"];
    /// What to do otherwise.
    confirm_leave = "confirmLeave" [];

    /// The heading of the page that a link leads to.
    link_heading = "linkHeading" ["integration", "brand"];
    /// Before what whoever made the link wants to say.
    link_writes = "linkWrites" ["brand"];
    /// Why it matters who goes on.
    link_warning = "linkWarning" [];
    /// What to do otherwise.
    link_leave = "linkLeave" [];
    /// What to do after a success by a link.
    link_done = "linkDone" [];
    /// What to do after a failure by a link.
    link_again = "linkAgain" [];
    /// An error: a link that has been used.
    link_used = "linkUsed" [];
    /// What to do: nothing, or ask for a new link.
    link_used_todo = "linkUsedTodo" [];
    /// Whom to tell if somebody else has used it. The reference follows.
    link_used_ask = "linkUsedAsk" [];
    /// An error: a link that was withdrawn.
    link_withdrawn = "linkWithdrawn" [];
    /// An error: a link that is too old.
    link_old = "linkOld" [];
    /// What to do: ask for a new link.
    new_link = "newLink" [];

    /// The title of the choice.
    choice_title = "choiceTitle" ["integration"];
    /// Its heading, if one is chosen.
    choice_heading_one = "choiceHeadingOne" [];
    /// Its heading, if several may be chosen.
    choice_heading_many = "choiceHeadingMany" [];
    /// What is chosen for, if one is.
    choice_intro_one = "choiceIntroOne" ["integration", "brand"];
    /// What is chosen for, if several may be.
    choice_intro_many = "choiceIntroMany" ["integration", "brand"];
    /// The legend, if one is chosen.
    choose_one = "chooseOne" [];
    /// The legend, if several may be chosen.
    choose_some = "chooseSome" [];
    /// None was chosen, and one must be.
    choice_missing_one = "choiceMissingOne" [];
    /// None was chosen, and several may be.
    choice_missing_many = "choiceMissingMany" [];
    /// The entry of a list that is no choice.
    please_choose = "pleaseChoose" [];
    /// There are more.
    choice_cut = "choiceCut" ["count", "brand"];
    /// How long the choice may take.
    choice_time = "choiceTime" [];

    /// The heading of the list of what can be connected.
    screens_heading = "screensHeading" ["brand"];
    /// The label of the list's search, and its button.
    screens_search = "screensSearch" [];
    /// The search has found nothing.
    screens_none = "screensNone" [];
    /// The list is empty.
    screens_empty = "screensEmpty" [];
    /// What the button does that opens a window.
    screens_window = "screensWindow" [];
    /// The heading while the customer signs in, in another window.
    screens_waiting = "screensWaiting" [];
    /// What happens then.
    screens_waiting_text = "screensWaitingText" [];
    /// The heading when the window may be closed.
    screens_closed = "screensClosed" [];
    /// What to do, whether it is or not.
    screens_closed_text = "screensClosedText" [];
    /// The heading when the browser has opened no window.
    screens_blocked = "screensBlocked" [];
    /// What to do about it.
    screens_blocked_text = "screensBlockedText" [];
    /// The link that opens the window.
    screens_open = "screensOpen" [];
    /// The heading when a window is needed after the form.
    screens_step = "screensStep" [];
    /// The button that tries again.
    screens_try_again = "screensTryAgain" [];
    /// What to do after a failure in the window.
    screens_try_again_text = "screensTryAgainText" [];
    /// The button that closes the screen.
    screens_close = "screensClose" [];
    /// The button that leads back.
    screens_back = "screensBack" [];
    /// The state of a connection that its customer must connect again.
    screens_renew = "screensRenew" [];
    /// The button that changes the name.
    screens_save = "screensSave" [];
    /// The name was changed.
    screens_saved = "screensSaved" [];
    /// The button that connects again.
    screens_reconnect = "screensReconnect" [];
    /// The button that disconnects.
    screens_disconnect = "screensDisconnect" [];
    /// The question before that.
    screens_disconnect_heading = "screensDisconnectHeading" ["name"];
    /// What it means.
    screens_disconnect_text = "screensDisconnectText" ["brand"];
    /// The button that removes a connection.
    screens_remove = "screensRemove" [];
    /// The question before that.
    screens_remove_heading = "screensRemoveHeading" ["name"];
    /// What it means.
    screens_remove_text = "screensRemoveText" ["brand"];
    /// The heading when it is removed.
    screens_removed = "screensRemoved" [];
    /// What to do after that.
    screens_removed_text = "screensRemovedText" [];

    /// The heading of an error.
    failed = "failed" [];
    /// The heading of a success.
    connected = "connected" [];
    /// What has succeeded.
    connected_text = "connectedText" [];
    /// What to do after it.
    close_window = "closeWindow" [];
    /// The heading while the provider takes long.
    almost_there = "almostThere" [];
    /// What takes long.
    slow = "slow" [];
    /// What to do meanwhile.
    goes_on = "goesOn" [];
    /// The heading before the sign-in is finished.
    not_finished = "notFinished" [];
    /// What is not finished.
    sign_in_open = "signInOpen" [];
    /// What to do about it.
    finish_sign_in = "finishSignIn" [];
    /// The application has to go on.
    go_back = "goBack" [];

    /// An error: another browser.
    other_browser = "otherBrowser" [];
    /// An error: not known.
    not_known = "notKnown" [];
    /// An error: too late.
    too_late = "tooLate" [];
    /// An error: a service that did not say for whom it sends a customer.
    for_nobody = "forNobody" [];
    /// An error: a token that is none, or none any more.
    who_are_you = "whoAreYou" [];
    /// An error: no consent.
    not_granted = "notGranted" [];
    /// An error: the input.
    not_accepted = "notAccepted" [];
    /// An error: the provider's answer.
    sign_in_failed = "signInFailed" [];
    /// An error: a connection that ended.
    connection_ended = "connectionEnded" [];
    /// An error: a frame in which nobody can be asked.
    needs_window = "needsWindow" [];
    /// An error: the customer was erased meanwhile.
    erased = "erased" [];
    /// An error: too many requests.
    too_many = "tooMany" [];
    /// An error: a provider that is down.
    service_down = "serviceDown" [];
    /// An error: a function that died.
    interrupted = "interrupted" [];
    /// An error: ours.
    our_fault = "ourFault" [];
    /// An error: no such page.
    nothing_here = "nothingHere" [];
    /// An error: the application's.
    not_set_up = "notSetUp" [];

    /// What to do: start again.
    connect_again = "connectAgain" [];
    /// What to do: start again, in a connection that ended.
    renew = "renew" [];
    /// What to do: finish it elsewhere.
    finish_elsewhere = "finishElsewhere" [];
    /// What to do: begin in the application.
    start_there = "startThere" [];
    /// What to do: begin in the application, of which nothing is known.
    open_application = "openApplication" [];
    /// What to do: start again, unless the refusal was meant.
    connect_if_meant = "connectIfMeant" [];
    /// What to do: enter something else.
    check_input = "checkInput" [];
    /// What to do: connect in a window.
    connect_from_there = "connectFromThere" [];
    /// What to do: wait a minute.
    wait_a_minute = "waitAMinute" [];
    /// What to do: wait a moment. It is not known whether anything was connected, so the page does not say.
    reload = "reload" [];
    /// What to do: nothing.
    nothing_to_do = "nothingToDo" [];
    /// Whom to ask if it stays. The reference follows.
    ask_if_it_stays = "askIfItStays" [];
    /// Whom to ask at once. The reference follows.
    ask_at_once = "askAtOnce" [];

    /// A field that must be filled in.
    input_required = "inputRequired" [];
    /// A value of another form.
    input_pattern = "inputPattern" [];
    /// A text that is too short.
    input_min_length = "inputMinLength" ["limit"];
    /// A text that is too long.
    input_max_length = "inputMaxLength" ["limit"];
    /// A number that is too small.
    input_minimum = "inputMinimum" ["limit"];
    /// A number that is too large.
    input_maximum = "inputMaximum" ["limit"];
    /// None of the values.
    input_choice = "inputChoice" [];
    /// A value of another type.
    input_type = "inputType" [];
    /// What is no host.
    input_host = "inputHost" [];
    /// A value that makes no address; why is said in English.
    input_address = "inputAddress" ["why"];
    /// What is not of the format, such as `email`.
    input_format = "inputFormat" ["format"];
    /// A field that there is none of.
    input_unknown = "inputUnknown" ["names"];
    /// What cannot be checked.
    input_too_long = "inputTooLong" [];
    /// A value that is refused for another reason.
    input_refused = "inputRefused" [];
    /// A service that there is none of.
    input_no_service = "inputNoService" [];
    /// After a problem: the end of its sentence.
    input_end = "inputEnd" [];
    /// After a problem: an example of what is expected.
    input_such_as = "inputSuchAs" ["example"];
}

/// A text with names in braces.
pub trait Fill {
    /// The text with each name's value in its place.
    #[must_use]
    fn fill(&self, values: &[(&str, &str)]) -> String;

    /// The text about a workspace and what its customer connects.
    #[must_use]
    fn about(&self, brand: &str, integration: &str) -> String {
        self.fill(&[("brand", brand), ("integration", integration)])
    }
}

impl Fill for str {
    fn fill(&self, values: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(self.len() + 64);
        let mut rest = self;
        // In one pass: a value that holds braces is not read again.
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let value = after.split_once('}').and_then(|(name, after)| {
                values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after))
            });
            rest = if let Some((value, after)) = value {
                filled.push_str(value);
                after
            } else {
                filled.push('{');
                after
            };
        }
        filled.push_str(rest);
        filled
    }
}
