/* The tests of the C interface, in the order in which they run. A name states the rule. */

#ifndef TESTS_H
#define TESTS_H

#define CAPI_TESTS(TEST)                                     \
    /* test_arguments.c */                                   \
    TEST(every_error_has_a_name)                             \
    TEST(the_version_is_three_numbers)                       \
    TEST(the_header_has_the_version_of_the_library)          \
    TEST(freeing_null_does_nothing)                          \
    TEST(null_peers_are_refused)                             \
    TEST(null_streams_are_refused)                           \
    TEST(null_servers_are_refused)                           \
    TEST(null_pointers_are_refused)                          \
    TEST(what_is_no_url_is_refused)                          \
    TEST(what_is_no_write_mode_is_refused)                   \
    TEST(text_that_is_not_utf8_is_refused)                   \
    TEST(lengths_beyond_any_object_are_refused)              \
    TEST(counts_beyond_any_list_are_refused)                 \
    TEST(handshake_settings_are_checked_before_connecting)   \
    TEST(every_refusal_of_a_peer_is_explained)               \
    TEST(every_refusal_of_a_stream_is_explained)             \
    TEST(every_refusal_of_a_server_is_explained)             \
    /* test_options.c */                                     \
    TEST(macro_and_function_give_the_same_options)           \
    TEST(a_new_peer_has_the_default_options)                 \
    TEST(options_can_be_read_back)                           \
    TEST(older_callers_leave_newer_options_alone)            \
    TEST(sizes_of_no_version_are_refused)                    \
    TEST(what_is_no_time_is_refused)                         \
    TEST(compression_settings_have_ranges)                   \
    TEST(a_time_without_end_is_no_defect)                    \
    /* test_connecting.c */                                  \
    TEST(both_ends_know_each_other)                          \
    TEST(sub_protocols_are_negotiated)                       \
    TEST(a_peer_in_use_takes_no_other_connection)            \
    TEST(a_peer_can_be_used_again)                           \
    TEST(a_refused_connection_is_explained)                  \
    TEST(a_handshake_that_does_not_end_is_given_up)          \
    TEST(a_stream_without_connection_closes_the_peer)        \
    TEST(an_event_loop_is_woken_by_messages)                 \
    TEST(an_event_loop_may_ask_before_the_handshake)         \
    TEST(an_event_loop_is_woken_by_another_process)          \
    TEST(an_event_loop_is_told_about_waiting_output)         \
    TEST(an_event_loop_gets_messages_that_had_no_room)       \
    /* test_handshake.c */                                   \
    TEST(a_server_reads_the_request_and_decides)             \
    TEST(a_server_answers_pages_and_refusals)                \
    TEST(origins_can_be_limited)                             \
    TEST(a_client_reads_why_it_was_refused)                  \
    TEST(proxies_are_checked)                                \
    TEST(handshake_calls_refuse_null_and_wrong_sizes)        \
    /* test_tls.c */                                         \
    TEST(wss_connects_both_ends)                             \
    TEST(a_server_that_is_not_trusted_is_refused)            \
    TEST(a_client_proves_who_it_is)                          \
    TEST(wrong_tls_options_are_refused_with_the_reason)      \
    /* test_messages.c */                                    \
    TEST(messages_of_every_length_arrive_in_both_directions) \
    TEST(kinds_are_kept)                                     \
    TEST(a_burst_arrives_in_order)                           \
    TEST(a_packet_is_lent_until_the_next_call)               \
    TEST(text_is_lent_until_the_next_call)                   \
    TEST(a_full_outbound_queue_refuses_and_recovers)         \
    TEST(a_message_larger_than_the_queue_is_refused)         \
    TEST(the_outbound_amount_counts_what_waits)              \
    TEST(a_full_inbound_queue_loses_nothing)                 \
    TEST(a_message_beyond_the_limit_closes_with_1009)        \
    TEST(packets_stay_readable_after_the_close)              \
    TEST(packets_survive_a_broken_connection)                \
    /* test_wire.c */                                        \
    TEST(a_ping_measures_the_round_trip)                     \
    TEST(a_peer_knows_when_everything_has_left)              \
    TEST(long_messages_leave_in_frames)                      \
    TEST(messages_can_be_read_in_pieces)                     \
    TEST(compression_is_agreed_on_by_both_ends)              \
    TEST(compressed_messages_are_counted)                    \
    TEST(compression_survives_giving_its_memory_back)        \
    /* test_closing.c */                                     \
    TEST(code_and_reason_arrive_at_both_ends)                \
    TEST(a_reason_may_contain_nul)                           \
    TEST(codes_that_must_not_be_sent_are_refused)            \
    TEST(a_reason_has_at_most_123_bytes)                     \
    TEST(code_0_closes_without_a_code)                       \
    TEST(a_negative_code_drops_the_connection)               \
    TEST(closing_while_connecting_gives_up)                  \
    TEST(an_unanswered_close_times_out)                      \
    TEST(an_unanswered_ping_closes_the_connection)           \
    TEST(a_freed_peer_still_delivers)                        \
    TEST(a_vanished_remote_end_raises_no_signal)             \
    /* test_streams.c */                                     \
    TEST(a_server_refuses_wrong_addresses)                   \
    TEST(a_server_stops_and_listens_again)                   \
    TEST(a_stream_knows_its_ends)                            \
    TEST(a_stream_moves_bytes)                               \
    TEST(blocking_calls_wait_for_each_other)                 \
    TEST(a_stream_ends_with_eof)                             \
    TEST(a_stream_whose_end_was_polled_has_no_connection)             \
    TEST(a_stream_reports_a_refused_connection)              \
    TEST(a_stream_binds_once)                                \
    TEST(a_stream_refuses_wrong_arguments)                   \
    /* test_multiplayer.c */                                 \
    TEST(null_rooms_are_refused)                             \
    TEST(every_refusal_of_a_room_is_explained)               \
    TEST(a_room_keeps_its_options)                           \
    TEST(packets_reach_their_targets)                        \
    TEST(a_room_knows_who_left_and_why)                      \
    TEST(a_room_answers_requests)                            \
    TEST(a_scene_room_introduces_and_passes_on)              \
    TEST(a_scene_room_lets_in_who_authenticates)             \
    /* test_objects.c */                                     \
    TEST(a_server_and_a_client_exchange_messages)            \
    TEST(a_stale_id_is_nobody)                               \
    TEST(a_waiting_program_is_woken)                         \
    TEST(clients_are_let_in_and_refused)                     \
    TEST(a_client_connects_again)                            \
    TEST(multiplayer_packets_pass_through)                   \
    TEST(objects_speak_tls)                                  \
    TEST(objects_refuse_wrong_arguments)                     \
    /* test_trace.c */                                       \
    TEST(a_trace_lists_live_peers)                           \
    TEST(a_trace_logs_messages_and_hides_secrets)            \
    TEST(a_trace_can_leave_contents_out)                     \
    TEST(a_trace_counts_what_was_missed)                     \
    TEST(a_trace_that_is_off_says_so)                        \
    TEST(trace_calls_refuse_null_and_wrong_sizes)            \
    /* test_threads.c */                                     \
    TEST(two_threads_share_a_peer)                           \
    TEST(threads_do_not_disturb_each_other)

/* What would end the process if it went wrong. */
#define ISOLATED_CASES(CASE)        \
    CASE(counts_beyond_any_list)    \
    CASE(sending_to_vanished_peers) \
    CASE(writing_to_vanished_streams)

#define DECLARE_TEST(name) void name(void);
CAPI_TESTS(DECLARE_TEST)
ISOLATED_CASES(DECLARE_TEST)
#undef DECLARE_TEST

#endif
