/* The tests of the C interface, in the order in which they run. A name states the rule. */

#ifndef TESTS_H
#define TESTS_H

#define TLS_TESTS(TEST)                                 \
    TEST(wss_connections_open)                          \
    TEST(an_untrusted_server_is_refused)                \
    TEST(a_client_certificate_identifies_the_client)    \
    TEST(invalid_tls_options_are_refused_with_a_reason) \
    TEST(server_and_client_use_tls)

#define NO_TLS_TESTS(TEST) TEST(a_library_without_tls_refuses_it_with_the_reason)

/* WITHOUT_TLS is defined for a library that was built without TLS. */
#ifdef WITHOUT_TLS
#define TESTS_OF_THE_BUILD NO_TLS_TESTS
#else
#define TESTS_OF_THE_BUILD TLS_TESTS
#endif

#define CAPI_TESTS(TEST)                                        \
    /* test_arguments.c */                                      \
    TEST(every_error_has_a_name)                                \
    TEST(the_version_is_three_numbers)                          \
    TEST(the_header_has_the_version_of_the_library)             \
    TEST(freeing_null_does_nothing)                             \
    TEST(null_peers_are_refused)                                \
    TEST(null_streams_are_refused)                              \
    TEST(null_listeners_are_refused)                            \
    TEST(null_pointers_are_refused)                             \
    TEST(invalid_urls_are_refused)                              \
    TEST(unknown_write_modes_are_refused)                       \
    TEST(invalid_utf8_is_refused)                               \
    TEST(lengths_beyond_any_object_are_refused)                 \
    TEST(counts_beyond_any_list_are_refused)                    \
    TEST(handshake_settings_are_checked_before_connecting)      \
    TEST(every_refusal_of_a_peer_is_explained)                  \
    TEST(every_refusal_of_a_stream_is_explained)                \
    TEST(every_refusal_of_a_listener_is_explained)              \
    /* test_options.c */                                        \
    TEST(macro_and_function_give_the_same_options)              \
    TEST(a_new_peer_has_the_default_options)                    \
    TEST(options_can_be_read_back)                              \
    TEST(options_unknown_to_an_older_caller_keep_their_values)  \
    TEST(unknown_struct_sizes_are_refused)                      \
    TEST(invalid_times_are_refused)                             \
    TEST(compression_settings_have_ranges)                      \
    TEST(very_long_times_do_not_break_a_connection)             \
    /* test_connecting.c */                                     \
    TEST(both_peers_report_their_connection)                    \
    TEST(sub_protocols_are_negotiated)                          \
    TEST(a_connected_peer_refuses_another_connection)           \
    TEST(a_closed_peer_can_connect_again)                       \
    TEST(a_refused_connection_is_explained)                     \
    TEST(a_handshake_fails_after_its_timeout)                   \
    TEST(a_stream_without_connection_closes_the_peer)           \
    TEST(an_event_loop_is_woken_by_messages)                    \
    TEST(an_event_loop_may_get_the_socket_before_the_handshake) \
    TEST(an_event_loop_is_woken_by_another_process)             \
    TEST(the_socket_wants_write_while_output_is_queued)         \
    TEST(needs_poll_reports_messages_that_had_no_room)          \
    /* test_handshake.c */                                      \
    TEST(a_server_program_reads_and_accepts_a_request)          \
    TEST(a_server_program_answers_with_pages_and_refusals)      \
    TEST(origins_can_be_limited)                                \
    TEST(a_client_reports_the_answer_that_refused_it)           \
    TEST(proxies_are_checked)                                   \
    TEST(handshake_calls_refuse_null_and_unknown_sizes)         \
    /* test_handshake_choices.c */                              \
    TEST(a_server_program_selects_an_offered_sub_protocol)      \
    TEST(a_server_object_selects_for_each_client)               \
    TEST(a_client_may_accept_an_answer_without_sub_protocol)    \
    TEST(redirections_are_followed_if_the_option_says_so)       \
    TEST(an_own_host_is_sent_by_clients_only)                   \
    /* test_tls.c, test_without_tls.c */                        \
    TESTS_OF_THE_BUILD(TEST)                                    \
    /* test_messages.c */                                       \
    TEST(messages_of_every_length_arrive_in_both_directions)    \
    TEST(message_kinds_are_kept)                                \
    TEST(a_burst_arrives_in_order)                              \
    TEST(a_packet_is_lent_until_the_next_call)                  \
    TEST(text_is_lent_until_the_next_call)                      \
    TEST(a_full_outbound_queue_refuses_and_recovers)            \
    TEST(a_message_larger_than_the_queue_is_refused)            \
    TEST(the_outbound_amount_counts_unsent_bytes)               \
    TEST(a_full_inbound_queue_loses_nothing)                    \
    TEST(a_message_beyond_the_limit_closes_with_1009)           \
    TEST(packets_stay_readable_after_the_close)                 \
    TEST(packets_survive_a_broken_connection)                   \
    /* test_wire.c */                                           \
    TEST(a_ping_measures_the_round_trip)                        \
    TEST(a_peer_is_drained_after_everything_was_written)        \
    TEST(long_messages_are_sent_in_frames)                      \
    TEST(messages_can_be_taken_in_pieces)                       \
    TEST(compression_needs_both_peers)                          \
    TEST(compressed_messages_are_counted)                       \
    TEST(compression_works_after_releasing_its_memory)          \
    /* test_event_order.c */                                    \
    TEST(events_do_not_depend_on_how_the_bytes_arrive)          \
    TEST(a_request_before_the_end_of_the_stream_is_answered)    \
    TEST(a_refusal_whose_body_does_not_end_is_reported)         \
    /* test_closing.c */                                        \
    TEST(both_peers_report_code_and_reason)                     \
    TEST(a_reason_may_contain_nul)                              \
    TEST(codes_that_must_not_be_sent_are_refused)               \
    TEST(a_reason_has_at_most_123_bytes)                        \
    TEST(code_0_closes_without_a_code)                          \
    TEST(a_negative_code_drops_the_connection)                  \
    TEST(closing_while_connecting_abandons_the_attempt)         \
    TEST(an_unanswered_close_times_out)                         \
    TEST(an_unanswered_ping_closes_the_connection)              \
    TEST(unsent_data_of_a_freed_peer_is_delivered)              \
    TEST(writing_to_a_lost_connection_raises_no_signal)         \
    /* test_admission.c */                                      \
    TEST(players_join_while_silent_connections_are_held)        \
    TEST(freed_peers_deliver_without_polls)                     \
    /* test_option_cases.c */                                   \
    TEST(every_option_of_every_object_has_its_default)          \
    TEST(refused_options_change_nothing_and_name_their_bounds)  \
    /* test_streams.c */                                        \
    TEST(a_listener_refuses_invalid_addresses)                  \
    TEST(a_listener_stops_and_listens_again)                    \
    TEST(a_port_has_one_listener)                               \
    TEST(a_stream_reports_its_addresses)                        \
    TEST(a_stream_transfers_bytes)                              \
    TEST(blocking_calls_wait_for_each_other)                    \
    TEST(a_stream_ends_with_eof)                                \
    TEST(a_stream_has_no_connection_after_poll_noticed_its_end) \
    TEST(a_stream_reports_a_refused_connection)                 \
    TEST(a_stream_binds_once)                                   \
    TEST(a_stream_refuses_invalid_arguments)                    \
    /* test_multiplayer.c */                                    \
    TEST(null_rooms_are_refused)                                \
    TEST(every_refusal_of_a_room_is_explained)                  \
    TEST(a_room_keeps_its_options)                              \
    TEST(packets_reach_their_targets)                           \
    TEST(a_room_reports_which_peer_disconnected_and_why)        \
    TEST(a_room_answers_requests)                               \
    TEST(a_scene_room_introduces_clients_and_relays_packets)    \
    TEST(a_scene_room_accepts_authenticated_peers)              \
    /* test_objects.c */                                        \
    TEST(a_server_and_a_client_exchange_messages)               \
    TEST(the_id_of_an_ended_connection_is_refused)              \
    TEST(waiting_ends_with_an_event_or_a_wake)                  \
    TEST(clients_are_accepted_and_refused)                      \
    TEST(a_client_reconnects)                                   \
    TEST(multiplayer_packets_are_delivered)                     \
    TEST(server_and_client_refuse_invalid_arguments)            \
    /* test_reconnect.c */                                      \
    TEST(a_server_that_accepts_and_closes_is_retried_ever_later) \
    /* test_flushing.c */                                       \
    TEST(accepted_messages_leave_without_further_calls)         \
    TEST(messages_of_an_ended_thread_leave)                     \
    TEST(objects_are_freed_while_their_messages_are_flushed)    \
    /* test_lists.c */                                          \
    TEST(a_message_reaches_the_listed_clients)                  \
    TEST(a_packet_reaches_the_listed_peers_of_a_room)           \
    /* test_event_states.c */                                   \
    TEST(a_client_has_the_status_of_each_event)                 \
    /* test_stopping.c */                                       \
    TEST(stopped_and_freed_hosts_deliver_what_was_sent)         \
    TEST(a_shutdown_delivers_messages_in_both_directions)       \
    TEST(a_shutdown_drops_clients_that_do_not_answer)           \
    TEST(a_refused_shutdown_changes_nothing)                    \
    TEST(a_wait_returns_when_a_shutdown_is_over)                \
    /* test_trace.c */                                          \
    TEST(a_trace_lists_live_peers)                              \
    TEST(a_trace_logs_messages_and_hides_secrets)               \
    TEST(a_trace_without_previews_has_no_contents)              \
    TEST(a_trace_counts_dropped_entries)                        \
    TEST(a_disabled_trace_is_reported)                          \
    TEST(trace_calls_refuse_null_and_unknown_sizes)             \
    /* test_threads.c */                                        \
    TEST(two_threads_share_a_peer)                              \
    TEST(threads_do_not_disturb_each_other)                     \
    /* test_waiting.c */                                        \
    TEST(waiting_on_one_object_does_not_delay_others)           \
    TEST(messages_leave_while_a_client_waits)                   \
    TEST(a_wake_ends_the_wait_of_a_client)                      \
    TEST(threads_wait_for_times_of_their_own)                   \
    TEST(stopping_and_disconnecting_end_every_wait)             \
    TEST(freed_objects_release_their_descriptors)

/* Tests of what only POSIX has: fork(), and a limit of a process's descriptors. Other systems leave them out. */
#define POSIX_TESTS(TEST)                                           \
    /* test_admission.c */                                          \
    TEST(a_listener_without_descriptors_says_so_once)               \
    TEST(freed_peers_deliver_without_polls_in_a_forked_process_too) \
    /* test_waiting.c */                                            \
    TEST(a_wait_without_descriptors_does_not_spin)                  \
    /* test_fork.c */                                               \
    TEST(a_forked_child_draws_other_random_numbers)                 \
    TEST(a_forked_child_does_not_take_events_of_its_parent)

/* Cases whose defect would end the process. */
#define ISOLATED_CASES(CASE)                        \
    CASE(joining_while_silent_connections_are_held) \
    CASE(counts_beyond_any_list)                    \
    CASE(sending_to_lost_peers)                     \
    CASE(writing_to_lost_streams)

/* The cases of POSIX_TESTS. */
#define ISOLATED_POSIX_CASES(CASE)      \
    CASE(accepting_without_descriptors) \
    CASE(closing_in_a_forked_process)   \
    CASE(waiting_without_descriptors)

#define DECLARE_TEST(name) void name(void);
TLS_TESTS(DECLARE_TEST)
NO_TLS_TESTS(DECLARE_TEST)
CAPI_TESTS(DECLARE_TEST)
POSIX_TESTS(DECLARE_TEST)
ISOLATED_CASES(DECLARE_TEST)
ISOLATED_POSIX_CASES(DECLARE_TEST)
#undef DECLARE_TEST

#endif
