"""What we publish of SMART, and nothing that is not so."""

from adapter.api.security.smart import smart_configuration

SCOPES = ("system/DocumentReference.rs", "system/DocumentReference.c", "system/DocumentReference.c")
SERVER = {
    "issuer": "https://login.example",
    "token_endpoint": "https://login.example/token",
    "authorization_endpoint": "javascript:alert(1)",
    "introspection_endpoint": "https://[",
    "jwks_uri": ["https://login.example/jwks"],
    "grant_types_supported": ["client_credentials"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
    "response_types_supported": [1],
    "capabilities": ["launch-ehr", "sso-openid-connect"],
    "registration_endpoint": "https://login.example/register",
    "scopes_supported": ["openid"],
}


def test_what_the_authorization_server_says_is_repeated_where_it_concerns_us():
    assert smart_configuration(scopes=SCOPES, issuer="https://login.example", server=SERVER) == {
        "issuer": "https://login.example",
        "token_endpoint": "https://login.example/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "code_challenge_methods_supported": [],
        "scopes_supported": ["system/DocumentReference.c", "system/DocumentReference.rs"],
        "capabilities": [
            "client-confidential-asymmetric",
            "permission-patient",
            "permission-v1",
            "permission-v2",
        ],
    }


def test_without_an_authorization_server_nothing_is_said_of_one():
    found = smart_configuration(scopes=SCOPES, contexts=("system",))
    assert found["capabilities"] == ["permission-v1", "permission-v2"]
    assert found["grant_types_supported"] == []
    assert "token_endpoint" not in found
    assert "issuer" not in found
