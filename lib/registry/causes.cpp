#include "lib/registry/causes.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "lib/http/curl_error.hpp"
#include "lib/registry/network.hpp"

namespace rt::registry {
namespace {

/// More than any cloud forgives without a word.
constexpr std::chrono::seconds skew_max{120};

bool is_vpc_name(std::string_view host) {
    return host.find("-vpc.") != std::string_view::npos ||
           host.find("-internal.") != std::string_view::npos;
}

struct CloudCause {
    std::vector<std::string_view> words;  ///< that the message holds, all of them
    std::string_view cause;               ///< {T}: the tenancy
};

/// The first that fits counts.
std::vector<CloudCause> const& cloud_causes() {
    static std::vector<CloudCause> const table{
        {{"ClockSkew"}, "the clocks of this cluster and the cloud differ: check NTP on the nodes"},
        {{"InvalidTimeStamp"},
         "the clocks of this cluster and the cloud differ: check NTP on the nodes"},
        {{"RequestExpired"},
         "the clocks of this cluster and the cloud differ: check NTP on the nodes"},
        {{"Signature expired"},
         "the clocks of this cluster and the cloud differ: check NTP on the nodes"},
        {{"Signature not yet current"},
         "the clocks of this cluster and the cloud differ: check NTP on the nodes"},
        {{"already expired"},
         "the clocks of this cluster and the cloud differ: check NTP on the nodes"},
        {{"EntityNotExist.Role"}, "there is no such role: create it, or correct the tenancy"},
        {{"PackedPolicyTooLarge"}, "allow fewer paths, or drop session tags"},
        {{"TagSession"},
         "the role's trust policy must allow sts:TagSession, too: kubectl tenancy policy {T} "
         "--document trust"},
        {{"no EKS Pod Identity"},
         "EKS' webhook equips Pods when they are made: associate a role with the operator's "
         "ServiceAccount, then restart the operator"},
        {{"EKS Pod Identity agent", "ResourceNotFoundException"},
         "EKS has no association for the operator's ServiceAccount: make it, then restart the "
         "operator"},
        {{"EKS Pod Identity agent", "AccessDeniedException"},
         "the associated role must trust pods.eks.amazonaws.com with sts:AssumeRole and "
         "sts:TagSession: kubectl tenancy policy {T} --document callerTrust"},
        {{"EKS Pod Identity agent", "TokenException"},
         "EKS doesn't take the operator's token; the next one is tried without help"},
        {{"EKS Pod Identity agent", "no complete answer"},
         "the add-on eks-pod-identity-agent doesn't run on the operator's node, or a network "
         "policy keeps the Pod from it"},
        {{"EKS Pod Identity agent", "connecting failed"},
         "the add-on eks-pod-identity-agent doesn't run on the operator's node, or a network "
         "policy keeps the Pod from it"},
        {{"AssumeRoleWithWebIdentity"},
         "the role doesn't trust the token (provider, subject or audience): kubectl tenancy policy "
         "{T} --oidc-provider ARN, with identity OIDC --document callerTrust, with ServiceAccount "
         "--document trust"},
        {{"AssumeRoleWithOIDC", "No such OIDC Provider"},
         "the Registry's provider doesn't exist: correct it, or register the cluster in RAM"},
        {{"AssumeRoleWithOIDC"},
         "the role doesn't trust the token (provider, oidc:sub or oidc:aud): kubectl tenancy "
         "policy {T}, with identity OIDC --document callerTrust, with ServiceAccount --document "
         "trust"},
        {{"AssumeRole", "ImplicitDeny"},
         "either the role's trust policy lacks the operator's identity or its ExternalId (kubectl "
         "tenancy policy {T} --document trust --caller ARN), or that identity lacks "
         "sts:AssumeRole on the role (--document caller)"},
        {{"AssumeRole", "NoPermission"},
         "one of three: the role's trust policy lacks the operator's identity; its "
         "sts:ExternalId differs from the tenancy's externalID (compare kubectl tenancy policy {T} "
         "--document trust --caller ARN); or that identity lacks sts:AssumeRole on the role "
         "(--document caller)"},
        {{"AssumeRole", "AccessDenied"},
         "one of four: there is no such role (AWS doesn't tell); the role's trust policy lacks the "
         "operator's identity; its "
         "sts:ExternalId differs from the tenancy's externalID (compare kubectl tenancy policy {T} "
         "--document trust --caller ARN); or that identity lacks sts:AssumeRole on the role "
         "(--document caller)"},
        {{"GetAuthorizationToken", "NoPermission"},
         "the role's policy lacks cr:GetAuthorizationToken on the resource *: kubectl tenancy "
         "policy {T} --document role"},
        {{"GetAuthorizationToken", "Forbidden"},
         "the role's policy lacks cr:GetAuthorizationToken on the resource *: kubectl tenancy "
         "policy {T} --document role"},
        {{"GetAuthorizationToken", "AccessDenied"},
         "the role's policy lacks ecr:GetAuthorizationToken on the resource *: kubectl tenancy "
         "policy {T} --document role"},
        {{"GetAuthorizationToken", "NOT_EXIST"},
         "the instance is not of the role's account, or instanceID is wrong"},
        {{"InvalidAccessKeyId"},
         "the AccessKey doesn't exist or is disabled: put a valid one into its Secret"},
        {{"InvalidClientTokenId"},
         "the AccessKey doesn't exist or is disabled: put a valid one into its Secret"},
        {{"SignatureDoesNotMatch"}, "the AccessKey's secret part is wrong: compare its Secret"},
        {{"getAccessToken"},
         "the operator's identity may not act as the service account: kubectl tenancy policy {T} "
         "(with identity InstanceRole --caller MEMBER) prints the command; a new binding takes "
         "minutes"},
        {{"invalid_target"},
         "there is no such provider, or it is disabled: correct the Registry's audience, or make "
         "it: kubectl tenancy policy {T} --oidc-provider ISSUER prints the command"},
        {{"invalid_grant"},
         "the pool's provider doesn't take the cluster's token: compare issuer, keys and audiences "
         "with what kubectl tenancy policy {T} --oidc-provider ISSUER prints"},
        {{"unauthorized_client"},
         "the provider's attribute condition refuses the token: compare it with what kubectl "
         "tenancy policy {T} --oidc-provider ISSUER prints"},
        {{"AADSTS70021"},
         "the identity has no federated credential with this issuer, subject and audience: kubectl "
         "tenancy policy {T} --oidc-provider ISSUER prints the command; a new one takes minutes"},
        {{"AADSTS700016"}, "there is no such application in the tenant: correct role or clientID"},
        {{"AADSTS7000215"}, "the client secret is wrong: put its value into the Secret"},
        {{"AADSTS7000222"}, "the client secret has ended: put a new one into the Secret"},
        {{"AuthorizationFailed"},
         "the operator's identity may not make scope maps, tokens and their passwords at the "
         "registry: kubectl tenancy policy {T} prints the commands; a new role assignment takes "
         "minutes"},
        {{"Creating a robot", "DENIED"},
         "the operator's robot may not itself pull from one of the projects: kubectl tenancy "
         "policy {T} --document role prints what it needs"},
        {{"Creating a robot", "FORBIDDEN"},
         "the operator's login may not make robots: kubectl tenancy policy {T} --document role "
         "prints what it needs"},
        {{"Throttling"}, "the account's call quota is used up; it is tried again without help"},
        {{"resolving the name failed"},
         "the cloud's endpoint doesn't resolve from the operator's Pods: cluster DNS, private zone "
         "of the endpoint"},
        {{"certificate is not accepted"},
         "the cloud's endpoint shows a certificate of another authority: add it to ConfigMap "
         "registry-tenancy-ca-bundle, or take the proxy away that intercepts TLS"},
        {{"connecting failed"},
         "no way from the operator's Pods to the cloud's endpoint: network policy, route, NAT"},
        {{"no complete answer"},
         "no way from the operator's Pods to the cloud's endpoint: network policy, route, NAT; or "
         "the metadata service is closed to Pods"},
    };
    return table;
}

}  // namespace

std::string dns_cause(std::string_view host) {
    if (is_vpc_name(host)) {
        return "the name of a VPC endpoint resolves only where the private zone is bound: add this "
               "VPC to the access list of the instance, and let this place ask the VPC's DNS";
    }
    return "check the host in the Registry, what this place's DNS forwards to, and whether a "
           "private zone for the name is missing";
}

std::string odd_addresses(std::string_view host, std::vector<std::string> const& addresses) {
    bool const all_public =
        !addresses.empty() && std::none_of(addresses.begin(), addresses.end(), is_private_address);
    return is_vpc_name(host) && all_public
               ? "a VPC name that resolves to public addresses: this place doesn't ask the VPC's "
                 "DNS, or the private zone has a wrong record"
               : "";
}

std::string tcp_cause(std::string_view host, Error const& error) {
    if (error.kind != ErrorKind::DeadlineExceeded) {
        return "nothing listens there: is the address right (a wrong record in a private zone)?";
    }
    return is_vpc_name(host)
               ? "the VPC is not on the instance's access list, or a security group or route "
                 "drops the packets"
               : "a firewall, security group or network policy drops the packets, or there is no "
                 "NAT to the internet";
}

std::string tls_cause(Error const& error) {
    return error.code == http::tls_untrusted
               ? "another authority signed the certificate: a proxy intercepts TLS, or the "
                 "registry "
                 "has a CA of its own (ConfigMap registry-tenancy-ca-bundle, and the nodes' trust)"
               : "something between here and there ends TLS: a proxy or firewall, or the port is "
                 "not the registry's";
}

std::string proxy_cause() {
    return "HTTPS_PROXY names it: correct that, or let its port out (the operator's NetworkPolicy)";
}

std::string behind_proxy_cause() {
    return "the proxy lets nobody through to this host, or doesn't reach it: have it opened there, "
           "or name the host in NO_PROXY where it is reached directly";
}

std::string ping_cause(int status) {
    if (status == 403) {
        return "the registry's access list has neither this VPC nor this address";
    }
    if (status == 429 || status / 100 == 5) {
        return "the registry is overloaded or down: try again later";
    }
    return "no registry answers there: check the host in the Registry";
}

std::string token_cause(Error const& error, std::chrono::seconds skew) {
    if (std::chrono::abs(skew) > skew_max) {
        return "the clocks here and there differ by " +
               std::to_string(std::chrono::abs(skew).count()) + " s: check NTP";
    }
    if (error.code == "TokenRejected") {
        return "the credential has ended, was revoked, or is of another instance or account than "
               "the host's: look at the condition Ready of the tenancy, then at spec.hosts of the "
               "Registry";
    }
    if (error.code == "RealmNotPinned") {
        return "put the endpoint into spec.realm of the Registry if it is the right one";
    }
    if (error.code == http::dns_failed) {
        return "the token endpoint's name doesn't resolve here: another private zone is missing";
    }
    if (error.code == http::tls_untrusted) {
        return tls_cause(error);
    }
    return "the token endpoint can't be reached from here: it has an address of its own, which "
           "access lists and firewalls must allow, too";
}

std::string manifest_cause(int status) {
    switch (status) {
        case 404:
            return "there is no such image or tag: check the name, and whether it was pushed";
        case 401:
        case 403:
            return "the registry lets nobody pull it who shows this: a policy of the repository, "
                   "or "
                   "an image that was blocked by a scan";
        default:
            return ping_cause(status);
    }
}

std::string cloud_cause(std::string_view message, std::string_view tenancy) {
    for (CloudCause const& one : cloud_causes()) {
        bool const fits = std::all_of(
            one.words.begin(), one.words.end(),
            [&](std::string_view word) { return message.find(word) != std::string_view::npos; });
        if (!fits) {
            continue;
        }
        std::string text(one.cause);
        if (std::size_t const at = text.find("{T}"); at != std::string::npos) {
            text.replace(at, 3, tenancy);
        }
        return message.find(text) == std::string_view::npos ? text : std::string();
    }
    return {};
}

}  // namespace rt::registry
