import 'claimcheck/suites/kv-cache'
