-- Errors in the words of the dialect that was spoken: OpenAI's, or Anthropic's under its paths.

local json, json_table, utf8_text = require("cjson"), require("json_table"), require("utf8_text")

local wording = {}

-- Engines answer these with 500, or 501 for a whole path, although only another request helps: clients would try again.
local CAUSED_BY_THE_REQUEST = {
  "input is not supported",
  "^Failed to parse messages",
  "^Failed to parse tool",
  "^'[%w_]+' is required$",
  -- llama.cpp's, of a number that is too large.
  "^vector::",
}

-- Bytes. An answer has to fit into HAProxy's buffer, and escapes make it longer. Engines repeat whole prompts.
local LONGEST_MESSAGE = 2000
local LONGEST_NAME = 200

-- What a longer prompt than the context is called: clients look for these to shorten a conversation and go on.
local TOO_LONG = "context_length_exceeded"
local TOO_LONG_FOR = {
  openai = "This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. "
    .. "Please reduce the length of the messages.",
  anthropic = "prompt is too long: %d tokens > %d maximum",
}

local ANTHROPIC_KINDS = {
  [401] = "authentication_error",
  [403] = "permission_error",
  [404] = "not_found_error",
  [413] = "request_too_large",
  [429] = "rate_limit_error",
  [503] = "overloaded_error",
  [504] = "timeout_error",
  [529] = "overloaded_error",
}

-- The body of an error: "said" has a message, and may have OpenAI's param and code.
function wording.error(dialect, status, said, request_id)
  if dialect == "anthropic" then
    local kind = ANTHROPIC_KINDS[status] or (status < 500 and "invalid_request_error" or "api_error")
    return { type = "error", error = { type = kind, message = said.message }, request_id = request_id }
  end
  local kind = status < 500 and "invalid_request_error" or "server_error"
  local param, code = said.param or json.null, said.code or json.null
  return { error = { message = said.message, type = kind, param = param, code = code } }
end

local function text(value)
  return type(value) == "string" and value or nil
end

-- A name that somebody else gave, nothing where it is no text.
function wording.name(value)
  return type(value) == "string" and utf8_text(value, LONGEST_NAME) or nil
end

local function number(value)
  return type(value) == "number" and value or nil
end

-- Tokens of the prompt and of the context, of an error that says that the one exceeds the other: llama.cpp's, vLLM's.
local function overflow(said, message)
  if said.type == "exceed_context_size_error" then
    return true, number(said.n_prompt_tokens), number(said.n_ctx)
  end
  local limit = message:match("maximum context length is (%d+) tokens")
  if limit then
    local asked = message:match("(%d+) in the messages") or message:match("(%d+) input tokens")
      or message:match("requested (%d+) tokens") or message:match("resulted in (%d+) tokens")
    return true, tonumber(asked), tonumber(limit)
  end
  return false
end

-- What an engine said with a status from 400 up, as a status and what wording.error takes.
function wording.of_engine(dialect, status, raw)
  local body = json_table(raw)
  local said = type(body.error) == "table" and body.error or body
  -- What the buffer cuts off is no JSON, and begins with the words all the same.
  local message = text(said.message) or raw:match('"message"%s*:%s*"([^"\\]+)')
    or "The engine answered with status " .. status .. " and did not say why."
  message = utf8_text(message, LONGEST_MESSAGE)
  local code = wording.name(said.code)
  local is_too_long, tokens, limit = overflow(said, message)
  if is_too_long then
    status, code = 400, TOO_LONG
    if tokens and limit then
      local first, second = limit, tokens
      if dialect == "anthropic" then
        first, second = tokens, limit
      end
      message = string.format(TOO_LONG_FOR[dialect], first, second)
    end
  end
  for _, pattern in ipairs(CAUSED_BY_THE_REQUEST) do
    if status == 501 or status == 500 and message:find(pattern) then
      status = 400
    end
  end
  return status, { message = message, param = wording.name(said.param), code = code }
end

return wording
