"""The table of the API's methods, by lower-case name; getUpdates waits and lives in polling."""

from collections.abc import Callable

from tests.servers.telegram import account, editing, sending
from tests.servers.telegram.params import Params
from tests.servers.telegram.world import World

Method = Callable[[World, Params], object]

_METHODS: dict[str, Method] = {
    "getMe": account.get_me,
    "getWebhookInfo": account.get_webhook_info,
    "deleteWebhook": account.delete_webhook,
    "answerCallbackQuery": account.answer_callback_query,
    "setMyCommands": account.set_my_commands,
    "getMyCommands": account.get_my_commands,
    "deleteMyCommands": account.delete_my_commands,
    "setChatMenuButton": account.set_chat_menu_button,
    "getChatMenuButton": account.get_chat_menu_button,
    "sendChatAction": account.send_chat_action,
    "getFile": account.get_file,
    "getChat": account.get_chat,
    "getChatMember": account.get_chat_member,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendMediaGroup": sending.send_media_group,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "pinChatMessage": editing.pin_chat_message,
    "unpinChatMessage": editing.unpin_chat_message,
}
METHODS = {name.lower(): method for name, method in _METHODS.items()}
GET_UPDATES = "getupdates"
# Methods that change nothing: a call of one is never counted as having had an effect.
READ_ONLY = frozenset(name for name in METHODS if name.startswith("get")) | {GET_UPDATES}
